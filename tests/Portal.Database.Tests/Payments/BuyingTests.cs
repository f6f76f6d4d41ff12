using Portal.Domain.Payments;
using Portal.Testing;

namespace Portal.Database.Tests.Payments;

public sealed class BuyingTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_pack_that_is_paid_posts_money_and_credits_in_one_transaction()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, session) = await world.StartAsync();
        checkout.Url.ShouldStartWith("http://portal.test/sandbox/checkout/ss_");
        world.Checkouts.StatusOf(checkout).ShouldBe("open");

        (await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted)).Value.IsDone.ShouldBeTrue();
        await world.DeliverAsync();

        (await world.ReadAsync(checkout)).State.ShouldBe("paid");
        (await world.AttemptAsync(checkout)).State.ShouldBe("succeeded");
        // Receivable is debited with the total and credited with the cash: nothing is left of it to write.
        (await world.EntriesAsync(world.Acme)).ShouldBe("""
            issued CREDIT -1000
            pool:shared CREDIT 1000
            cash:sandbox USD 10
            deferred:credits USD -10
            """);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Bonus_credits_share_the_price_and_both_grants_expire_a_year_after_the_payment()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, session) = await world.StartAsync("growth");

        await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted);
        await world.DeliverAsync();

        // 45.00 over 5,250 credits: 250 of them carry 45 × 250 / 5250 = 2.142857143, the rest 42.857142857.
        var grants = await world.Database.ScalarAsync("""
            select string_agg(trim_scale(amount) || '=' || trim_scale(value) || ' ' || (expires_at = effective_at + interval '1 year'), '; ' order by amount) from grants
            """);
        grants.ShouldBe("250=2.142857143 true; 5000=42.857142857 true");
        (await world.Database.ScalarAsync($"select count(*) from grants where reference = '{checkout.PublicId}'")).ShouldBe(2L);
        (await world.EntriesAsync(world.Acme)).ShouldBe("""
            issued CREDIT -5250
            pool:shared CREDIT 250
            pool:shared CREDIT 5000
            cash:sandbox USD 45
            deferred:credits USD -45
            """);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_declined_card_books_nothing_and_another_card_may_follow()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, session) = await world.StartAsync();

        (await world.Sandbox.PayAsync(session, PaymentsWorld.Declined)).Value.Failure.ShouldBe("card_declined");
        await world.DeliverAsync();

        var declined = await world.ReadAsync(checkout);
        (declined.State, declined.Failure).ShouldBe(("failed", "card_declined"));
        (await world.EntriesAsync(world.Acme)).ShouldBe("");
        (await world.CountAsync("payments")).ShouldBe(0);

        (await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted)).Value.IsDone.ShouldBeTrue();
        await world.DeliverAsync();
        (await world.ReadAsync(checkout)).State.ShouldBe("paid");
        (await world.Database.ScalarAsync("select sum(remaining) from grants")).ShouldBe(1000m);
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData(true, "paid", 1000)]
    [InlineData(false, "failed", 0)]
    public async Task A_card_that_wants_authentication_pays_only_when_its_holder_approves(bool approved, string state, int credits)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, session) = await world.StartAsync();

        (await world.Sandbox.PayAsync(session, PaymentsWorld.Challenged)).Value.IsChallenged.ShouldBeTrue();
        (await world.Checkouts.RefreshAsync(world.Acme, checkout.Id))!.State.ShouldBe("open");
        (await world.CountAsync("sandbox_payments")).ShouldBe(0);

        (await world.Sandbox.AuthenticateAsync(session, approved)).Value.IsDone.ShouldBe(approved);
        await world.DeliverAsync();

        (await world.ReadAsync(checkout)).State.ShouldBe(state);
        (await world.Database.ScalarAsync("select coalesce(sum(remaining), 0) from grants")).ShouldBe((decimal)credits);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Authentication_that_nobody_asked_for_is_refused()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (_, session) = await world.StartAsync();

        (await world.Sandbox.AuthenticateAsync(session, approved: true)).Problem!.Code.ShouldBe("not_challenged");
        (await world.CountAsync("sandbox_payments")).ShouldBe(0);
    }

    [Fact]
    public async Task A_form_posted_twice_and_two_at_once_charge_once()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, session) = await world.StartAsync();

        var both = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            var paid = await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted);
            return (paid.Value.IsDone, (await world.Checkouts.RefreshAsync(world.Acme, checkout.Id))!.State);
        })));
        await world.DeliverAsync();

        both.ShouldAllBe(answer => answer.IsDone && answer.State == "paid");
        (await world.CountAsync("sandbox_payments")).ShouldBe(1);
        (await world.Database.ScalarAsync("select sum(remaining) from grants")).ShouldBe(1000m);
        (await world.Database.ScalarAsync("select balance from ledger_accounts where account = 'cash:sandbox'")).ShouldBe(10m);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Coming_back_before_the_webhook_finds_the_purchase_done_and_the_webhook_then_changes_nothing()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, session) = await world.StartAsync();
        await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted);

        (await world.Checkouts.RefreshAsync(world.Acme, checkout.Id))!.State.ShouldBe("paid");
        var before = await world.EntriesAsync(world.Acme);
        await world.DeliverAsync();

        (await world.EntriesAsync(world.Acme)).ShouldBe(before);
    }

    [Fact]
    public async Task A_yen_pack_moves_whole_yen_and_a_dinar_pack_thousandths()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (japan, kuwait) = (await world.AddTenantAsync("nippon", "JPY"), await world.AddTenantAsync("gulf", "KWD"));
        await world.AddPackAsync("yen", """{"name":"Yen","credits":"1000","price":"1500","currency":"JPY"}""");
        await world.AddPackAsync("dinar", """{"name":"Dinar","credits":"3","price":"1.234","currency":"KWD"}""");

        foreach (var (pack, tenant) in new[] { ("yen", japan), ("dinar", kuwait) })
        {
            var (_, session) = await world.StartAsync(pack, tenant);
            await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted);
        }

        await world.DeliverAsync();

        (await world.Database.ScalarAsync("select string_agg(currency || amount, ' ' order by currency) from sandbox_payments")).ShouldBe("JPY1500 KWD1234");
        (await world.EntriesAsync(japan)).ShouldEndWith("cash:sandbox JPY 1500\ndeferred:credits JPY -1500");
        (await world.EntriesAsync(kuwait)).ShouldEndWith("cash:sandbox KWD 1.234\ndeferred:credits KWD -1.234");
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData("4111111111111111")]
    [InlineData("424242424242424")]
    [InlineData("")]
    [InlineData(null)]
    public async Task Any_other_card_is_refused_and_written_nowhere(string? number)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, session) = await world.StartAsync();

        (await world.Sandbox.PayAsync(session, number)).Problem!.Code.ShouldBe("card_not_allowed");

        (await world.CountAsync("sandbox_payments")).ShouldBe(0);
        (await world.CountAsync("sandbox_events")).ShouldBe(0);
        (await world.ReadAsync(checkout)).State.ShouldBe("open");
    }

    [Fact]
    public async Task A_checkout_expires_after_a_day_and_takes_no_card_then()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, session) = await world.StartAsync();
        world.Clock.SetUtcNow(checkout.ExpiresAt);

        world.Checkouts.StatusOf(checkout).ShouldBe(CheckoutStatus.Expired);
        (await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted)).Problem!.Code.ShouldBe("checkout_expired");
        (await world.CountAsync("sandbox_payments")).ShouldBe(0);
    }
}
