using Portal.Domain.Kernel;
using Portal.Domain.Payments.GivenBack;
using Portal.Testing;

namespace Portal.Database.Tests.Payments;

public sealed class RefundTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_refund_is_a_row_and_a_posting_before_it_is_a_call()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync();
        var before = await world.EntriesAsync(world.Acme);

        var asked = (await world.AskAsync(payment)).Value;

        (asked.State, asked.Credits, asked.Amount).ShouldBe(("pending", 1000m, 10m));
        (await world.EntriesAsync(world.Acme))[before.Length..].ShouldBe("""

            pool:shared CREDIT -1000
            refunded CREDIT 1000
            deferred:credits USD 10
            refunds_pending USD -10
            """);
        (await world.CountAsync("sandbox_refunds")).ShouldBe(0);
        await world.BooksShouldBalanceAsync();

        (await world.Sender().SendDueAsync()).ShouldBe(1);
        await world.DeliverAsync(); // the webhook tells it again

        (await world.RefundsAsync(world.Acme)).Single().State.ShouldBe("succeeded");
        (await world.Database.ScalarAsync("select reference from sandbox_refunds")).ShouldBe(asked.PublicId);
        (await world.BalancesAsync(world.Acme)).ShouldBe("issued -1000\nrefunded 1000");
        (await world.AskAsync(payment)).Problem!.Code.ShouldBe("nothing_to_refund");
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Case_29_a_partly_used_pack_with_bonus_and_tax_gives_back_its_unspent_share()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync("growth", tax: 8.55m); // 5,000 + 250 credits for 45.00 and 19 %
        await world.UseAsync(1000);

        var refund = (await world.AskAsync(payment)).Value;

        // 1,000 were drawn of the 5,000 that carry 42.857142857: 34.285714286 are left, and 2.142857143 of the bonus, 36.428571429 in all.
        // Tax 8.55 × 36.428571429 / 45 = 6.92142857.
        (refund.Credits, refund.Value, refund.Net, refund.Tax).ShouldBe((4250m, 36.428571429m, 36.43m, 6.92m));
        await world.Sender().SendDueAsync();
        (await world.BalancesAsync(world.Acme)).ShouldBe("""
            consumed:llm 1000
            issued -5250
            refunded 4250
            cash:sandbox 10.2
            revenue:usage -8.571428571
            rounding 0.001428571
            tax_payable -1.63
            """);
        (await world.AskAsync(payment, credits: 1m)).Problem!.Code.ShouldBe("nothing_to_refund");
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData("JPY", "999", "1000", 100, "333 333 366|333 334 368|333 333 366")]
    [InlineData("USD", "1000", "10.00", 1.9, "333.333333333 3.33 3.96|333.333333333 3.34 3.98|333.333333334 3.33 3.96")]
    [InlineData("KWD", "1000", "10.000", 0.5, "333.333333333 3.333 3.5|333.333333333 3.334 3.5|333.333333334 3.333 3.5")]
    public async Task Case_31_thirds_round_by_difference_and_sum_to_the_whole(string currency, string credits, string price, double taxed, string expected)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var tenant = await world.AddTenantAsync("other", currency);
        await world.AddPackAsync("third", $$"""{"name":"Third","credits":"{{credits}}","price":"{{price}}","currency":"{{currency}}"}""");
        var payment = await world.BuyAsync("third", (decimal)taxed, tenant);

        // Cumulative: net 333.33… → 333, 666.67 → 667, 1000; tax 33.33 → 33, 66.67 → 67, 100 and so on in each minor unit.
        foreach (var part in expected.Split('|'))
        {
            var figures = part.Split(' ').Select(figure => decimal.Parse(figure, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
            var refund = (await world.AskAsync(payment, credits: figures[0])).Value;
            (refund.Credits, refund.Net, refund.Amount).ShouldBe((figures[0], figures[1], figures[2]));
        }

        await world.Sender().SendDueAsync();
        (await world.AskAsync(payment)).Problem!.Code.ShouldBe("nothing_to_refund");
        (await world.BalancesAsync(tenant)).ShouldBe($"issued -{credits}\nrefunded {credits}");
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Money_asked_for_takes_the_credits_that_it_stands_for_and_the_last_part_takes_the_rest()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.AddPackAsync("three", """{"name":"Three","credits":"100","price":"3.00","currency":"USD"}""");
        var payment = await world.BuyAsync("three");

        // 100 credits × 1 / 3, by difference: 33.333333333, 66.666666667, 100.
        foreach (var credits in new[] { 33.333333333m, 33.333333334m, 33.333333333m })
            (await world.AskAsync(payment, amount: 1m)).Value.Credits.ShouldBe(credits);

        (await world.AskAsync(payment, amount: 0.01m)).Problem!.Code.ShouldBe("nothing_to_refund");
        await world.Sender().SendDueAsync();
        (await world.BalancesAsync(world.Acme)).ShouldBe("issued -100\nrefunded 100");
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Concurrent_refunds_of_one_pack_never_exceed_it()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => world.AskAsync(payment, credits: 300m))));

        answers.Count(answer => answer.Succeeded).ShouldBe(3); // 900 of 1,000
        answers.Where(answer => !answer.Succeeded).ShouldAllBe(answer => answer.Problem!.Code == "refund_exceeds");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => world.Sender().SendDueAsync())));
        (await world.Database.ScalarAsync("select sum(amount) from sandbox_refunds")).ShouldBe(900m);
        (await world.BalanceAsync("cash:sandbox")).ShouldBe(1m);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task What_is_held_stays()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync();
        await world.HoldAsync(400m);

        var refused = (await world.AskAsync(payment, credits: 600.000000001m)).Problem!;
        refused.Code.ShouldBe("refund_exceeds");
        refused.Extensions!["available_credits"].ShouldBe(600m);
        (await world.AskAsync(payment)).Value.Credits.ShouldBe(600m);
        (await world.AskAsync(payment)).Problem!.Code.ShouldBe("nothing_to_refund");
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_hold_that_other_credits_serve_keeps_none_of_the_pack()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync();
        await world.GrantAsync(400m);
        await world.HoldAsync(400m);

        (await world.AskAsync(payment)).Value.Credits.ShouldBe(1000m);
    }

    [Fact]
    public async Task Credits_that_were_transferred_are_refunded_with_the_pack_whichever_of_its_grants_is_named()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.BuyAsync("growth");
        await world.OpenPoolAsync("team");
        var moved = (await world.TransferAsync("shared", "team", 2000m)).Grants.Single();
        var again = (await world.TransferAsync("team", "shared", 500m)).Grants.Single();
        await world.UseAsync(300, pool: "team");

        var refund = (await world.AskAsync(world.Acme, new RefundOrder(null, PublicId.Format(PublicId.Grant, world.Acme, again.Id), null, null, "Asked"))).Value;

        // 5,250 − 300; value 45 × 4950 / 5250 = 42.428571429, one nano more or less by where the parts were split.
        moved.PoolId.ShouldNotBe(again.PoolId);
        (refund.Credits, refund.Amount).ShouldBe((4950m, 42.43m));
        (await world.BalanceAsync("pool:team", "CREDIT")).ShouldBe(0m);
        (await world.BalanceAsync("pool:shared", "CREDIT")).ShouldBe(0m);
        (await world.BalanceAsync("deferred:credits")).ShouldBe(0m);
        (await world.Database.ScalarAsync("select count(*) from refund_pieces")).ShouldBe(4L); // what is left of 5,000, bonus, moved, moved again
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Credits_sold_outside_are_given_back_outside_at_once()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var grant = await world.GrantAsync(300m, value: 10m);
        RefundOrder Order(decimal? credits, decimal? amount) => new(null, PublicId.Format(PublicId.Grant, world.Acme, grant.Id), credits, amount, "Asked");

        var first = (await world.AskAsync(world.Acme, Order(100m, null))).Value;
        (first.State, first.PaymentId, first.Credits, first.Amount).ShouldBe(("succeeded", null, 100m, 3.333333333m));
        // 5.00 stands for 300 × (3.333333333 + 5) / 10 = 249.99999999 credits, 100 of which are gone.
        (await world.AskAsync(world.Acme, Order(null, 5m))).Value.Credits.ShouldBe(149.99999999m);
        var rest = (await world.AskAsync(world.Acme, Order(null, null))).Value;
        (rest.Credits, rest.Amount).ShouldBe((50.00000001m, 1.666666667m));

        (await world.BalancesAsync(world.Acme)).ShouldBe("issued -300\nrefunded 300");
        (await world.Sender().SendDueAsync()).ShouldBe(0);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task What_was_never_paid_for_or_is_not_there_is_refused_and_nothing_changes()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync();
        var foreign = await world.BuyAsync(tenant: world.Globex);
        var promotion = await world.GrantAsync(5m);
        var foreignGrant = (Guid)(await world.Database.ScalarAsync($"select id from grants where tenant_id = {world.Globex}"))!;
        var before = await world.EntriesAsync(world.Acme);
        var nobody = Guid.NewGuid();

        foreach (var (order, code) in new (RefundOrder, string)[]
        {
            (new(null, null, null, null, "x"), "payment_or_grant_required"),
            (new(payment.PublicId, PublicId.Format(PublicId.Grant, world.Acme, promotion.Id), null, null, "x"), "payment_or_grant_required"),
            (new(payment.PublicId, null, 1m, 1m, "x"), "credits_or_amount"),
            (new(payment.PublicId, null, 0m, null, "x"), "invalid_credits"),
            (new(payment.PublicId, null, -1m, null, "x"), "invalid_credits"),
            (new(payment.PublicId, null, 0.0000000001m, null, "x"), "invalid_credits"),
            (new(payment.PublicId, null, null, 0m, "x"), "invalid_amount"),
            (new(payment.PublicId, null, null, -1m, "x"), "invalid_amount"),
            (new(payment.PublicId, null, null, 1.001m, "x"), "invalid_amount"),
            (new(payment.PublicId, null, null, 10.01m, "x"), "refund_exceeds"),
            (new(payment.PublicId, null, 1000.000000001m, null, "x"), "refund_exceeds"),
            (new(payment.PublicId, null, 0.4m, null, "x"), "nothing_to_refund"), // 0.004: no money to move
            (new(payment.PublicId, null, null, null, " "), "invalid_reason"),
            (new(payment.PublicId, null, null, null, new string('x', 501)), "invalid_reason"),
            (new("pay_1_zz", null, null, null, "x"), "unknown_payment"),
            (new(PublicId.Format(PublicId.Payment, world.Acme, nobody), null, null, null, "x"), "unknown_payment"),
            (new(foreign.PublicId, null, null, null, "x"), "unknown_payment"),
            (new(PublicId.Format(PublicId.Payment, world.Acme, foreign.Id), null, null, null, "x"), "unknown_payment"),
            (new(null, "grant", null, null, "x"), "unknown_grant"),
            (new(null, PublicId.Format(PublicId.Grant, world.Acme, nobody), null, null, "x"), "unknown_grant"),
            (new(null, PublicId.Format(PublicId.Grant, world.Globex, foreignGrant), null, null, "x"), "unknown_grant"),
            (new(null, PublicId.Format(PublicId.Grant, world.Acme, foreignGrant), null, null, "x"), "unknown_grant"),
            (new(null, PublicId.Format(PublicId.Grant, world.Acme, promotion.Id), null, null, "x"), "nothing_to_refund"),
        })
        {
            (await world.AskAsync(world.Acme, order)).Problem?.Code.ShouldBe(code, order.ToString());
        }

        (await world.EntriesAsync(world.Acme)).ShouldBe(before);
        (await world.CountAsync("refunds")).ShouldBe(0);
    }

    [Fact]
    public async Task Credits_that_expired_are_not_refunded()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync("growth");
        await world.AdvanceAsync(TimeSpan.FromDays(366));

        (await world.AskAsync(payment)).Problem!.Code.ShouldBe("nothing_to_refund");
        (await world.BalanceAsync("revenue:breakage")).ShouldBe(0m); // refused: even what was due is rolled back
    }
}
