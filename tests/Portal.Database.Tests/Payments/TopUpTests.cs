using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Notifications;
using Portal.Domain.Payments.TopUps;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Payments;

/// <summary>Pools that are kept filled with packs of 1,000 credits for $10.</summary>
public sealed class TopUpTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private PaymentsWorld world = null!;

    private ToppingUp ToppingUp => world.Services.GetRequiredService<ToppingUp>();

    public async Task InitializeAsync() => world = await PaymentsWorld.CreateAsync(postgres);

    public async Task DisposeAsync()
    {
        await world.BooksShouldBalanceAsync();
        await world.DisposeAsync();
    }

    [Fact]
    public async Task As_many_packs_as_reach_the_target_are_bought_in_one_charge()
    {
        await world.SaveCardAsync("accepted");
        await PutAsync(new AutoTopUpDefinition(500m, 1_500m, "starter"));

        await RunAsync();

        // 0 + 1,000 < 1,500: two packs, 2,000 credits for $20.
        (await BoughtAsync()).ShouldBe("paid 2 packs 2000 credits 20");
        (await world.CountAsync("sandbox_payments")).ShouldBe(1);
        (await world.BalancesAsync(world.Acme)).ShouldBe("""
            issued -2000
            pool:shared 2000
            cash:sandbox 20
            deferred:credits -20
            """);
        (await world.Database.ScalarAsync("""
            select format('%s %s: %s × %s = %s', d.number, i.state, trim_scale(l.quantity), trim_scale(l.unit_amount), trim_scale(d.total))
            from invoices i join invoice_documents d on d.invoice_id = i.id join invoice_lines l on l.invoice_id = i.id
            """)).ShouldBe("INV-000001 paid: 2 × 10 = 20");

        await RunAsync();
        (await world.CountAsync("checkouts")).ShouldBe(1);
    }

    [Fact]
    public async Task It_buys_when_usage_falls_below_the_threshold_and_not_before()
    {
        await world.SaveCardAsync("accepted");
        await world.GrantAsync(600m);
        await PutAsync(new AutoTopUpDefinition(500m, 900m, "starter"));
        await world.UseAsync(100); // 500 is not below 500
        await RunAsync();
        (await world.CountAsync("checkouts")).ShouldBe(0);

        await world.UseAsync(1);
        await RunAsync();
        (await BoughtAsync()).ShouldBe("paid 1 packs 1000 credits 10");
        (await world.BalanceAsync("pool:shared", "CREDIT")).ShouldBe(1_499m);
    }

    [Fact]
    public async Task A_debt_counts_and_is_settled_by_what_is_bought()
    {
        await world.SaveCardAsync("accepted");
        await world.UseAsync(300);
        await PutAsync(new AutoTopUpDefinition(0m, 700m, "starter"));

        await RunAsync(); // −300 is below 0; 1,000 are missing: one pack

        (await BoughtAsync()).ShouldBe("paid 1 packs 1000 credits 10");
        (await world.Database.ScalarAsync("select sum(remaining) from grants where open")).ShouldBe(700m);
    }

    [Fact]
    public async Task Caps_count_what_was_spent_on_the_tenants_day_and_month()
    {
        await world.ExecuteAsync("update platform set clock_offset = '2030-03-30T12:00:00Z'::timestamptz - now()");
        await world.SaveCardAsync("accepted");
        await PutAsync(new AutoTopUpDefinition(9_000m, 10_000m, "starter", DailyCap: 35m, MonthlyCap: 55m));

        await RunAsync(); // ten are missing, $35 are room for three
        (await BoughtAsync()).ShouldBe("paid 3 packs 3000 credits 30");
        await RunAsync(); // $5 left today
        (await world.CountAsync("checkouts")).ShouldBe(1);

        await world.AdvanceAsync(TimeSpan.FromDays(1)); // the 31st: $35 of the day, $25 of the month
        await RunAsync();
        (await BoughtAsync()).ShouldBe("paid 2 packs 2000 credits 20");

        await world.AdvanceAsync(TimeSpan.FromDays(1)); // April
        await RunAsync();
        (await BoughtAsync()).ShouldBe("paid 3 packs 3000 credits 30");
        (await world.CountAsync("checkouts")).ShouldBe(3);
    }

    [Fact]
    public async Task Who_may_buy_is_told_by_mail_that_it_stopped()
    {
        foreach (var role in new[] { "owner", "admin", "billing", "member" })
        {
            await world.ExecuteAsync($"""
                insert into members (tenant_id, id, user_id, email, role, invited_at, joined_at) values ({world.Acme}, gen_random_uuid(), gen_random_uuid(), '{role}@acme.example', '{role}', now(), now())
                """);
        }

        await world.SaveCardAsync("declined");
        await PutAsync(new AutoTopUpDefinition(500m, 1_000m, "starter"));
        foreach (var later in new[] { TimeSpan.Zero, TimeSpan.FromHours(2) })
        {
            await world.AdvanceAsync(later);
            await RunAsync();
        }

        (await world.CountAsync("outbox where kind = 'top_up'")).ShouldBe(0); // it waits, and tries once more
        await world.AdvanceAsync(TimeSpan.FromDays(2));
        await RunAsync();
        await RunAsync();
        (await world.Database.ScalarAsync("select string_agg(payload->>'to' || ' ' || (payload->>'pool'), ', ' order by payload->>'to') from outbox where kind = 'top_up'"))
            .ShouldBe("admin@acme.example shared, billing@acme.example shared, owner@acme.example shared");

        var mails = world.Services.GetRequiredService<TopUpMails>();
        var mail = (await mails.WriteAsync(world.Acme, new TopUpMail("owner@acme.example", "shared")))!;
        mail.Subject.ShouldBe("The automatic top-up of Shared has stopped");
        mail.Text.ShouldStartWith("The automatic top-up of Shared has switched itself off: the payment was refused, 3 times in a row.\n\n");
        mail.Text.ShouldEndWith("Buy credits:\nhttp://localhost:5080/t/acme/buy?pool=shared\n");

        await PutAsync(new AutoTopUpDefinition(500m, 1_000m, "starter")); // on again before the mail has left
        (await mails.WriteAsync(world.Acme, new TopUpMail("owner@acme.example", "shared"))).ShouldBeNull();
    }

    [Fact]
    public async Task After_a_refusal_it_waits_an_hour_then_a_day_then_it_is_off_until_it_is_put_again()
    {
        await world.SaveCardAsync("declined");
        await PutAsync(new AutoTopUpDefinition(500m, 1_000m, "starter"));
        var expected = new (TimeSpan Later, long Tries, string Status)[]
        {
            (TimeSpan.Zero, 1, "waiting"), (TimeSpan.FromMinutes(59), 1, "waiting"), (TimeSpan.FromMinutes(2), 2, "waiting"),
            (TimeSpan.FromHours(23), 2, "waiting"), (TimeSpan.FromHours(2), 3, "off"), (TimeSpan.FromDays(30), 3, "off"),
        };
        foreach (var (later, tries, status) in expected)
        {
            await world.AdvanceAsync(later);
            await RunAsync();
            (await world.CountAsync("payment_attempts")).ShouldBe(tries);
            (await StatusAsync()).ShouldBe(status);
        }

        (await BoughtAsync()).ShouldBe("failed 1 packs 1000 credits 10");
        await world.SaveCardAsync("accepted");
        await RunAsync();
        (await world.CountAsync("payment_attempts")).ShouldBe(3);

        await PutAsync(new AutoTopUpDefinition(500m, 1_000m, "starter"));
        await RunAsync();
        (await BoughtAsync()).ShouldBe("paid 1 packs 1000 credits 10");
        (await StatusAsync()).ShouldBe("on");
    }

    [Fact]
    public async Task A_success_forgets_earlier_refusals()
    {
        await world.SaveCardAsync("declined");
        await PutAsync(new AutoTopUpDefinition(500m, 1_000m, "starter"));
        await RunAsync();
        await world.SaveCardAsync("accepted");
        await world.AdvanceAsync(TimeSpan.FromHours(2));
        await RunAsync();
        (await world.Database.ScalarAsync("select format('%s %s', declines, coalesce(failure, '-')) from auto_top_ups")).ShouldBe("0 -");
    }

    [Fact]
    public async Task Many_at_once_buy_once()
    {
        await world.SaveCardAsync("accepted");
        await PutAsync(new AutoTopUpDefinition(500m, 1_000m, "starter"));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ToppingUp.RunAsync(CancellationToken.None)));

        (await world.CountAsync("checkouts")).ShouldBe(1);
        (await world.CountAsync("sandbox_payments")).ShouldBe(1);
        (await world.BalanceAsync("pool:shared", "CREDIT")).ShouldBe(1_000m);
    }

    [Fact]
    public async Task What_was_decided_by_a_process_that_died_is_charged_and_counts_until_then()
    {
        await world.SaveCardAsync("accepted");
        await PutAsync(new AutoTopUpDefinition(500m, 1_000m, "starter"));
        await world.ExecuteAsync("""
            insert into checkouts (tenant_id, id, pack, pack_name, automatic, pool_id, credits, bonus_credits, priority, currency, net, tax, tax_name, tax_percent, provider, created_at, expires_at)
            values ($1, gen_random_uuid(), 'starter', 'Starter', true, 1, 1000, 0, 50, 'USD', 10, 0, 'Tax', 0, 'saved', now() - interval '5 minutes', now() + interval '1 day')
            """, world.Acme);

        await RunAsync();
        await RunAsync();

        (await BoughtAsync()).ShouldBe("paid 1 packs 1000 credits 10");
        (await world.CountAsync("checkouts")).ShouldBe(1);
        (await world.CountAsync("sandbox_payments")).ShouldBe(1);
    }

    [Fact]
    public async Task A_pack_of_a_custom_amount_is_bought_for_what_is_missing()
    {
        await world.AddPackAsync("custom", """{"name":"Custom","currency":"USD","min":"100","max":"5000","price":{"model":"per_unit","amount":"0.01"}}""");
        await world.SaveCardAsync("accepted");
        await world.GrantAsync(250m);
        await PutAsync(new AutoTopUpDefinition(500m, 1_000m, "custom"));
        await RunAsync();
        (await BoughtAsync()).ShouldBe("paid 1 packs 750 credits 7.5");
    }

    [Fact]
    public async Task A_top_up_is_refunded_like_any_purchase()
    {
        await world.SaveCardAsync("accepted");
        await PutAsync(new AutoTopUpDefinition(500m, 2_000m, "starter"));
        await RunAsync();
        var payment = (Guid)(await world.Database.ScalarAsync("select payment_id from checkouts"))!;
        await RemoveAsync();

        (await world.AskAsync(await world.PaymentAsync(world.Acme, payment), credits: 500m)).Value.Net.ShouldBe(5m);
    }

    [Fact]
    public async Task A_suspended_tenant_buys_nothing()
    {
        await world.SaveCardAsync("accepted");
        await PutAsync(new AutoTopUpDefinition(500m, 1_000m, "starter"));
        await world.ExecuteAsync("update tenants set state = 'suspended' where tenant_id = $1", world.Acme);
        await RunAsync();
        (await world.CountAsync("checkouts")).ShouldBe(0);
    }

    [Theory]
    [InlineData("shared", -1, 10, "starter", null, "invalid_threshold")]
    [InlineData("shared", 10, 10, "starter", null, "invalid_target")]
    [InlineData("shared", 0, 10, "nothing", null, "unknown_pack")]
    [InlineData("shared", 0, 10, "euro", null, "currency_mismatch")]
    [InlineData("shared", 0, 10, "starter", -5, "invalid_cap")]
    [InlineData("shared", 0, 10, "starter", 9, "cap_below_price")]
    [InlineData("nowhere", 0, 10, "starter", null, "unknown_pool")]
    public async Task A_setting_that_cannot_be_is_refused_and_nothing_changes(string pool, int threshold, int target, string pack, int? cap, string code)
    {
        await world.AddPackAsync("euro", """{"name":"Euro","credits":"1000","price":"10.00","currency":"EUR"}""");
        await world.SaveCardAsync("accepted");
        (await TryPutAsync(new AutoTopUpDefinition(threshold, target, pack, DailyCap: cap), pool)).Problem!.Code.ShouldBe(code);
        (await world.CountAsync("auto_top_ups")).ShouldBe(0);
    }

    [Fact]
    public async Task Without_a_payment_method_it_cannot_be_put() =>
        (await TryPutAsync(new AutoTopUpDefinition(1m, 10m, "starter"))).Problem!.Code.ShouldBe("no_payment_method");

    private Task RunAsync() => ToppingUp.RunAsync(CancellationToken.None);

    private Task<Result<AutoTopUp>> TryPutAsync(AutoTopUpDefinition wanted, string pool = "shared") =>
        world.Wallets().RunAsync(world.Acme, wallet => AutoTopUps.PutAsync(wallet, pool, wanted));

    private async Task PutAsync(AutoTopUpDefinition wanted) => (await TryPutAsync(wanted)).Succeeded.ShouldBeTrue();

    private async Task RemoveAsync() => (await world.Wallets().RunAsync(world.Acme, wallet => AutoTopUps.RemoveAsync(wallet, "shared"))).Succeeded.ShouldBeTrue();

    private async Task<string> StatusAsync() => (await world.Wallets().RunAsync<string>(world.Acme, async wallet =>
        (await AutoTopUps.FindAsync(wallet.Connection, wallet.TenantId, 1, wallet.Directory.Zone, wallet.Now))!.StatusAt(wallet.Now))).Value;

    private async Task<string?> BoughtAsync() => (string?)await world.Database.ScalarAsync("""
        select format('%s %s packs %s credits %s', state, trim_scale(quantity), trim_scale(credits), trim_scale(net)) from checkouts order by created_at desc limit 1
        """);
}
