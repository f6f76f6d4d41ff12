using Portal.Domain.Payments;
using Portal.Testing;

namespace Portal.Database.Tests.Payments;

public sealed class DisputeTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static async Task DisputeAsync(PaymentsWorld world, Payment payment, decimal? amount = null)
    {
        (await world.Sandbox.DisputeAsync(payment.ProviderPayment, world.Dollars(amount))).Succeeded.ShouldBeTrue();
        await world.DeliverAsync();
        await world.BooksShouldBalanceAsync();
    }

    private static async Task WinAsync(PaymentsWorld world, Payment payment, decimal? amount = null)
    {
        (await world.Sandbox.DecideDisputeAsync(payment.ProviderPayment, won: true, world.Dollars(amount))).Succeeded.ShouldBeTrue();
        await world.DeliverAsync();
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Case_30_a_dispute_takes_the_credits_and_not_the_dollars_and_winning_it_brings_them_all_back()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.AddPackAsync("fifty", """{"name":"Fifty","credits":"500","price":"10.00","currency":"USD"}""");
        var payment = await world.BuyAsync("fifty");

        await DisputeAsync(world, payment);
        (await world.BalancesAsync(world.Acme)).ShouldBe("clawed_back 500\nissued -500");

        await WinAsync(world, payment);
        (await world.BalancesAsync(world.Acme)).ShouldBe("""
            issued -500
            pool:shared 500
            cash:sandbox 10
            deferred:credits -10
            """);
    }

    [Fact]
    public async Task Case_30_used_credits_become_debt_that_any_grant_settles_and_winning_gives_them_back_to_it()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync(tax: 1.90m);
        await world.UseAsync(700);

        await DisputeAsync(world, payment);
        // 300 unused worth 3.00, tax 1.90, the rest of 11.90 is what was earned: 7.00.
        (await world.BalancesAsync(world.Acme)).ShouldBe("""
            clawed_back 1000
            consumed:llm 700
            debt:shared -700
            issued -1000
            chargebacks 7
            revenue:usage -7
            """);

        await world.GrantAsync(500m, value: 20m);
        // The new credits go to the debt: 500 worth 20.00.
        (await world.BalancesAsync(world.Acme)).ShouldBe("""
            clawed_back 1000
            consumed:llm 700
            debt:shared -200
            issued -1500
            chargebacks -13
            external:api 20
            revenue:usage -7
            """);
        await world.BooksShouldBalanceAsync();

        await WinAsync(world, payment);
        (await world.BalancesAsync(world.Acme)).ShouldBe("""
            consumed:llm 700
            issued -1500
            pool:shared 800
            cash:sandbox 11.9
            deferred:credits -23
            external:api 20
            revenue:usage -7
            tax_payable -1.9
            """);
        (await world.Database.ScalarAsync("select string_agg(trim_scale(remaining)::text, ',' order by created_at) from grants")).ShouldBe("300,500");
    }

    [Fact]
    public async Task Case_30_a_refund_told_after_a_dispute_claws_back_once_and_after_a_won_one_again_in_full()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync();
        var (id, reference) = (payment.ProviderPayment, (string)(await world.Database.ScalarAsync("select reference from sandbox_payments"))!);

        await world.TellAsync("evt_1", id, reference, 1000, disputed: 1000);
        (await world.AskAsync(payment)).Problem!.Code.ShouldBe("nothing_to_refund");
        await world.TellAsync("evt_2", id, reference, 1000, disputed: 1000, refunded: 1000);
        // The provider gave the money twice; no credits are left for the second time.
        (await world.BalancesAsync(world.Acme)).ShouldBe("clawed_back 1000\nissued -1000\ncash:sandbox -10\nsuspense 10");
        await world.BooksShouldBalanceAsync();

        var other = await world.BuyAsync();
        var otherReference = (string)(await world.Database.ScalarAsync($"select reference from sandbox_payments where id = '{other.ProviderPayment}'"))!;
        await world.TellAsync("evt_3", other.ProviderPayment, otherReference, 1000, disputed: 1000);
        await world.TellAsync("evt_4", other.ProviderPayment, otherReference, 1000, disputed: 1000, reinstated: 1000);
        await world.TellAsync("evt_5", other.ProviderPayment, otherReference, 1000, disputed: 1000, reinstated: 1000, refunded: 1000);
        (await world.BalancesAsync(world.Acme)).ShouldBe("clawed_back 1000\nissued -2000\nrefunded 1000\ncash:sandbox -10\nsuspense 10");
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData("refunded:400 refunded:1000")] // partial, then full: cumulative
    [InlineData("refunded:1000 refunded:400")]
    [InlineData("refunded:400 refunded:400 refunded:1000 refunded:1000")]
    [InlineData("disputed:400 disputed:400,refunded:600")]
    [InlineData("disputed:400,refunded:600 disputed:400")]
    [InlineData("disputed:1000,reinstated:1000 disputed:1000 disputed:1000,reinstated:1000,refunded:1000")]
    public async Task Case_17_repeats_and_order_of_reports_leave_the_pack_taken_back_once(string told)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync();
        var reference = (string)(await world.Database.ScalarAsync("select reference from sandbox_payments"))!;

        foreach (var (number, report) in told.Split(' ').Index())
        {
            var amounts = report.Split(',').Select(part => part.Split(':')).ToDictionary(part => part[0], part => long.Parse(part[1], System.Globalization.CultureInfo.InvariantCulture));
            await world.TellAsync($"evt_{number}", payment.ProviderPayment, reference, 1000, amounts.GetValueOrDefault("refunded"),
                disputed: amounts.GetValueOrDefault("disputed"), reinstated: amounts.GetValueOrDefault("reinstated"));
            await world.BooksShouldBalanceAsync();
        }

        (await world.BalanceAsync("pool:shared", "CREDIT")).ShouldBe(0m);
        (await world.BalanceAsync("deferred:credits")).ShouldBe(0m);
        (await world.BalanceAsync("cash:sandbox")).ShouldBe(0m);
        (await world.BalanceAsync("suspense")).ShouldBe(0m);
        (await world.BalanceAsync("refunded", "CREDIT") + await world.BalanceAsync("clawed_back", "CREDIT")).ShouldBe(1000m);
    }

    [Fact]
    public async Task A_part_is_disputed_by_its_share_and_the_rest_is_refunded_to_the_cent()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync(tax: 1.90m);

        await DisputeAsync(world, payment, 4.00m);
        // 1000 × 4.00 / 11.90 = 336.134453782 credits, worth 3.361344538; tax 1.90 × 4.00 / 11.90 = 0.6386…; the residue stays in chargebacks.
        (await world.BalancesAsync(world.Acme)).ShouldBe("""
            clawed_back 336.134453782
            issued -1000
            pool:shared 663.865546218
            cash:sandbox 7.9
            chargebacks -0.001344538
            deferred:credits -6.638655462
            tax_payable -1.26
            """);

        var refund = (await world.AskAsync(payment)).Value;
        // 6.638655462 → 6.64; tax 1.90 × 6.638655462 / 10 = 1.2613…
        (refund.Credits, refund.Net, refund.Tax).ShouldBe((663.865546218m, 6.64m, 1.26m));
        await world.Sender().SendDueAsync();
        (await world.BalanceAsync("cash:sandbox")).ShouldBe(0m);
        (await world.BalanceAsync("deferred:credits")).ShouldBe(0m);
        (await world.BalanceAsync("tax_payable")).ShouldBe(0m);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Case_30_won_in_parts_comes_back_in_parts_debts_first()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync();
        await world.UseAsync(600);
        await DisputeAsync(world, payment); // 400 unused, 600 owed

        await WinAsync(world, payment, 5.00m);
        // 500 of 1,000 come back: they are all debt.
        (await world.BalancesAsync(world.Acme)).ShouldBe("""
            clawed_back 500
            consumed:llm 600
            debt:shared -100
            issued -1000
            cash:sandbox 5
            chargebacks 1
            revenue:usage -6
            """);

        await WinAsync(world, payment);
        (await world.BalancesAsync(world.Acme)).ShouldBe("""
            consumed:llm 600
            issued -1000
            pool:shared 400
            cash:sandbox 10
            deferred:credits -4
            revenue:usage -6
            """);
    }

    [Fact]
    public async Task Case_30_lost_changes_nothing_more()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync();
        await DisputeAsync(world, payment);
        var before = await world.EntriesAsync(world.Acme);

        (await world.Sandbox.DecideDisputeAsync(payment.ProviderPayment, won: false)).Succeeded.ShouldBeTrue();
        await world.DeliverAsync();

        (await world.EntriesAsync(world.Acme)).ShouldBe(before);
    }

    [Fact]
    public async Task Case_30_expired_and_refunded_credits_never_become_debt()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync("growth"); // 5,250 for 45.00, a year
        await world.UseAsync(250);
        (await world.AskAsync(payment, amount: 9.00m)).Value.Credits.ShouldBe(1050m); // 5,250 × 9 / 45
        await world.Sender().SendDueAsync();
        await world.AdvanceAsync(TimeSpan.FromDays(366)); // 3,950 expire

        await DisputeAsync(world, payment); // the 36.00 that are left, for 4,200 credits: 250 of them were used
        (await world.BalanceAsync("debt:shared", "CREDIT")).ShouldBe(-250m);
        (await world.BalanceAsync("expired", "CREDIT")).ShouldBe(3950m);
        (await world.BalanceAsync("chargebacks")).ShouldBe(36m);

        await WinAsync(world, payment);
        (await world.BalanceAsync("debt:shared", "CREDIT")).ShouldBe(0m);
        (await world.BalanceAsync("chargebacks")).ShouldBe(0m);
    }

    [Theory]
    [InlineData("expire")]
    [InlineData("regrant")]
    public async Task Unused_credits_come_back_into_an_expired_grant_by_the_platforms_setting(string setting)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.ExecuteAsync("update platform set returned_credits = $1", setting);
        var payment = await world.BuyAsync("growth");
        await DisputeAsync(world, payment);
        await world.AdvanceAsync(TimeSpan.FromDays(366));

        await WinAsync(world, payment);

        (await world.BalancesAsync(world.Acme)).ShouldBe(setting == "expire"
            ? "expired 5250\nissued -5250\ncash:sandbox 45\nrevenue:breakage -45"
            : "issued -5250\npool:shared 5250\ncash:sandbox 45\ndeferred:credits -45");
        await DisputeAsync(world, payment); // a second dispute finds nothing that was used
        (await world.BalanceAsync("debt:shared", "CREDIT")).ShouldBe(0m);
        (await world.BalanceAsync("clawed_back", "CREDIT")).ShouldBe(setting == "expire" ? 0m : 5250m);
    }

    [Fact]
    public async Task Descendants_are_taken_wherever_they_are_and_what_was_used_there_is_owed_there()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync();
        await world.OpenPoolAsync("team");
        await world.TransferAsync("shared", "team", 600m);
        await world.UseAsync(100);
        await world.UseAsync(250, pool: "team");

        await DisputeAsync(world, payment);

        (await world.BalancesAsync(world.Acme)).ShouldBe("""
            clawed_back 1000
            consumed:llm 350
            debt:shared -100
            debt:team -250
            issued -1000
            chargebacks 3.5
            revenue:usage -3.5
            """);
        await WinAsync(world, payment);
        (await world.BalanceAsync("pool:shared", "CREDIT")).ShouldBe(300m);
        (await world.BalanceAsync("pool:team", "CREDIT")).ShouldBe(350m);
        (await world.BalanceAsync("deferred:credits")).ShouldBe(-6.5m);
    }

    [Fact]
    public async Task Money_that_had_bought_nothing_leaves_for_suspense_and_comes_back_from_it()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.ExecuteAsync("insert into provider_objects (provider, id, tenant) values ('sandbox', 'sp_1', $1)", world.Acme);
        await world.TellAsync("evt_1", "sp_1", null, 300);
        await world.TellAsync("evt_2", "sp_1", null, 300, disputed: 300);
        (await world.BalancesAsync(world.Acme)).ShouldBe("");
        await world.TellAsync("evt_3", "sp_1", null, 300, disputed: 300, reinstated: 300);
        (await world.BalancesAsync(world.Acme)).ShouldBe("cash:sandbox 3\nsuspense -3");
        await world.TellAsync("evt_4", "sp_2", null, 500, disputed: 500, reinstated: 200);
        (await world.BalancesAsync(0)).ShouldBe("cash:sandbox 2\nsuspense -2");
        await world.BooksShouldBalanceAsync();
    }
}
