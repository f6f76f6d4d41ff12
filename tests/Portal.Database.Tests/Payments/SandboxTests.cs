using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Testing;

namespace Portal.Database.Tests.Payments;

/// <summary>The sandbox as a provider: what it answers, once per reference.</summary>
public sealed class SandboxTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly Money Ten = new(10m, Currency.Of("USD"));

    private static async Task<SavedMethod> SaveAsync(PaymentsWorld world, string card)
    {
        var reference = Guid.NewGuid().ToString("N");
        var request = new SaveMethodRequest(reference, Currency.Of("USD"), "Card", PaymentsWorld.Portal, PaymentsWorld.Portal, world.Clock.GetUtcNow().AddDays(1), PaymentsWorld.Portal);
        var page = (await world.Sandbox.SaveMethodAsync(request, default)).Value;
        (await world.Sandbox.SaveMethodAsync(request, default)).Value.ShouldBe(page);
        (await world.Sandbox.FindMethodAsync(new Sought(reference), default)).ShouldBeNull();
        var paid = (await world.Sandbox.PayAsync(page.ProviderObject, card)).Value;
        if (paid.IsChallenged) (await world.Sandbox.AuthenticateAsync(page.ProviderObject, approved: true)).Value.IsDone.ShouldBeTrue();
        return (await world.Sandbox.FindMethodAsync(new Sought(reference), default))!;
    }

    [Theory]
    [InlineData(PaymentsWorld.Accepted, "•••• 4242", null)]
    [InlineData(PaymentsWorld.Declined, "•••• 0002", "card_declined")]
    [InlineData(PaymentsWorld.Challenged, "•••• 3155", "authentication_required")]
    public async Task A_saved_card_is_charged_while_its_holder_is_away(string card, string label, string? failure)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var method = await SaveAsync(world, card);
        method.Label.ShouldBe(label);
        var charge = new ChargeRequest("att_1", method.Method, Ten, "Top-up");

        var report = (await world.Sandbox.ChargeAsync(charge, default)).Value;
        var again = (await world.Sandbox.ChargeAsync(charge, default)).Value;

        (report.Reference, report.Failure, report.Captured).ShouldBe(("att_1", failure, failure is null ? 10m : 0m));
        again.ProviderPayment.ShouldBe(report.ProviderPayment);
        (await world.CountAsync("sandbox_payments")).ShouldBe(1);
        (await world.Sandbox.LookUpAsync(new Sought("att_1"), default)).Single().Captured.ShouldBe(report.Captured);
        (await world.Database.ScalarAsync("select count(*) from sandbox_methods where card ~ '[0-9]'")).ShouldBe(0L);
    }

    [Fact]
    public async Task Charges_of_one_reference_at_once_charge_once_and_an_unknown_card_is_refused()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var method = await SaveAsync(world, PaymentsWorld.Accepted);

        var reports = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() =>
            world.Sandbox.ChargeAsync(new ChargeRequest("att_1", method.Method, Ten, "Top-up"), default))));

        reports.Select(report => report.Value.ProviderPayment).Distinct().Count().ShouldBe(1);
        (await world.Sandbox.ChargeAsync(new ChargeRequest("att_2", "sm_none", Ten, "Top-up"), default)).Problem!.Code.ShouldBe("unknown_method");
        (await world.CountAsync("sandbox_payments")).ShouldBe(1);
    }

    [Fact]
    public async Task Refunds_are_made_once_per_reference_within_what_is_left()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var method = await SaveAsync(world, PaymentsWorld.Accepted);
        var payment = (await world.Sandbox.ChargeAsync(new ChargeRequest("att_1", method.Method, Ten, "Top-up"), default)).Value.ProviderPayment;
        Task<Result<PaymentReport>> Refund(string reference, decimal amount) =>
            world.Sandbox.RefundAsync(new RefundRequest(reference, payment, Ten with { Amount = amount }), default);

        (await Refund("refund_1", 4m)).Value.Refunded.ShouldBe(4m);
        (await Refund("refund_1", 4m)).Value.Refunded.ShouldBe(4m);
        (await Refund("refund_2", 6.01m)).Problem!.Code.ShouldBe("refund_exceeds_payment");
        (await world.Sandbox.DisputeAsync(payment, Ten with { Amount = 5m })).Value.Disputed.ShouldBe(5m);
        (await Refund("refund_3", 1.01m)).Problem!.Code.ShouldBe("refund_exceeds_payment");
        (await world.Sandbox.DisputeAsync(payment, Ten with { Amount = 1.01m })).Problem!.Code.ShouldBe("dispute_exceeds_payment");
        (await world.Sandbox.DecideDisputeAsync(payment, won: true, Ten with { Amount = 5.01m })).Problem!.Code.ShouldBe("not_disputed");
        (await world.Sandbox.DecideDisputeAsync(payment, won: true)).Value.Reinstated.ShouldBe(5m);
        (await Refund("refund_4", 6m)).Value.Refunded.ShouldBe(10m);

        (await world.Sandbox.RefundAsync(new RefundRequest("refund_5", "sp_none", Ten), default)).Problem!.Code.ShouldBe("unknown_payment");
        (await world.Sandbox.RefundAsync(new RefundRequest("refund_5", payment, new Money(1m, Currency.Of("EUR"))), default)).Problem!.Code.ShouldBe("unknown_payment");
        var found = (await world.Sandbox.LookUpAsync(new Sought("refund_4"), default)).Single();
        found.Refunds!.Select(refund => (refund.Reference, refund.Amount)).ShouldBe([("refund_1", 4m), ("refund_4", 6m)], ignoreOrder: true);
        (await world.Sandbox.LookUpAsync(new Sought("refund_2"), default)).ShouldBeEmpty();
    }
}
