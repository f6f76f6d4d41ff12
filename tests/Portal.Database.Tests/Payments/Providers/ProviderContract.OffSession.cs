using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Payments.Saved;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>Payment methods that customers leave, and charges while they are away. What is paid for is a debt of 25.00 (<see cref="DebtToPay"/>).</summary>
public abstract partial class ProviderContract
{
    private const string Debt = "inv_1_debt";

    [Fact]
    public async Task A_method_that_is_left_is_saved_once_and_becomes_the_default()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var first = await LeaveAsync(meeting);
        var second = await LeaveAsync(meeting);
        for (var i = 0; i < 2; i++) await meeting.DeliverAsync();

        var saved = await world.Methods().ListAsync(world.Acme);
        saved.Select(method => (method.Id, method.IsDefault)).ShouldBe([(first.Id, true), (second.Id, false)]);
        saved.ShouldAllBe(method => method.Provider == bench.Key && method.Label!.Contains("4242"));

        (await world.Wallets().RunAsync(world.Acme, wallet => PaymentMethods.MakeDefaultAsync(wallet, second.Id))).Succeeded.ShouldBeTrue();
        (await world.Wallets().RunAsync(world.Acme, wallet => PaymentMethods.RemoveAsync(wallet, second.Id))).Succeeded.ShouldBeTrue();
        (await world.Wallets().RunAsync(world.Acme, wallet => PaymentMethods.RemoveAsync(wallet, second.Id))).Problem!.Code.ShouldBe("unknown_payment_method");
        (await world.Wallets().RunAsync(world.Globex, wallet => PaymentMethods.RemoveAsync(wallet, first.Id))).Problem!.Code.ShouldBe("unknown_payment_method");

        var left = (await world.Methods().ListAsync(world.Acme)).Single();
        (left.Id, left.IsDefault).ShouldBe((first.Id, true));
        (await world.Methods().ForgetAsync()).ShouldBe(1);
        (await world.Methods().ForgetAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task A_method_is_found_on_coming_back_before_the_webhook()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var pending = (await world.Methods().StartAsync(new MethodOrder(world.Acme, PaymentsWorld.Portal))).Value;
        (await world.Methods().RefreshAsync(world.Acme, pending.Id))!.State.ShouldBe("pending");
        await bench.LeaveMethodAsync(pending.Page!);
        if (!bench.CanBeAsked) await meeting.DeliverAsync();

        (await world.Methods().RefreshAsync(world.Acme, pending.Id))!.State.ShouldBe("saved");
        (await world.Methods().RefreshAsync(world.Globex, pending.Id)).ShouldBeNull();
    }

    [Fact]
    public async Task A_charge_while_nobody_is_there_pays_what_it_is_for()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        await LeaveAsync(meeting);

        var outcome = (await ChargeAsync(world)).Value;
        outcome.Standing.ShouldBe(bench.AnswersCharges ? ChargeStanding.Paid : ChargeStanding.UnderWay);
        await meeting.DeliverAsync();
        await meeting.DeliverAsync();

        (await world.BalancesAsync(world.Acme)).ShouldBe($"""
            cash:{bench.Key} 25
            customer_credit -25
            """);
        (await world.CountAsync("payment_attempts where state = 'succeeded' and pays_for = 'inv_1_debt'")).ShouldBe(1);
        DebtToPay.Of(world).Paid.ShouldBe(25m);
        (bench.Paid, bench.ChargesSent).ShouldBe((1, 1));
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData("Empty", DeclineKind.Soft)]
    [InlineData("Stolen", DeclineKind.Hard)]
    [InlineData("Challenging", DeclineKind.AuthenticationRequired)]
    public async Task Refusals_are_told_apart_by_what_they_mean_for_the_next_try(string card, DeclineKind kind)
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        await LeaveAsync(meeting, Enum.Parse<Card>(card));

        var outcome = (await ChargeAsync(world)).Value;
        await meeting.DeliverAsync();

        // The sandbox has one declined card, which may be tried again.
        var expected = bench is SandboxBench && kind == DeclineKind.Hard ? DeclineKind.Soft : kind;
        (outcome.Standing, outcome.Decline).ShouldBe((ChargeStanding.Declined, expected));
        DebtToPay.Of(world).Refusals.ShouldContain(expected);
        (await world.EntriesAsync(world.Acme)).ShouldBe("");
        (await ChargeAsync(world)).Value.Attempt.Id.ShouldNotBe(outcome.Attempt.Id); // each retry is a new attempt
        bench.Paid.ShouldBe(0);
    }

    [Theory]
    [InlineData("AnswerIsLost", 1)]
    [InlineData("HangsUp", 1)]
    [InlineData("Down", 1)]
    [InlineData("TooMany", 13)]
    [InlineData("AnswerIsLost", 13)]
    public async Task While_an_outcome_is_unknown_no_other_charge_starts_and_money_is_taken_once(string trouble, int hoursLater)
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        await LeaveAsync(meeting);
        bench.Next(Enum.Parse<Trouble>(trouble));

        var unknown = (await ChargeAsync(world)).Value;
        unknown.Standing.ShouldBe(ChargeStanding.UnderWay);
        await world.AdvanceAsync(TimeSpan.FromHours(hoursLater));
        var again = (await ChargeAsync(world)).Value;
        await meeting.DeliverAsync();

        again.Attempt.Id.ShouldBe(unknown.Attempt.Id);
        (await world.CountAsync("payment_attempts")).ShouldBe(1);
        (await world.CountAsync("payment_attempts where state = 'succeeded'")).ShouldBe(1);
        bench.Paid.ShouldBe(1);
        // Older than twelve hours it is asked for first; what was done is not sent again.
        if (bench.CanBeAsked && hoursLater > 12) bench.ChargesSent.ShouldBe(trouble == "AnswerIsLost" ? 1 : 2);
        (await world.BalanceAsync($"cash:{bench.Key}")).ShouldBe(25m);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task The_job_finds_out_what_became_of_a_charge_whose_process_died()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        await LeaveAsync(meeting);
        bench.Next(Trouble.AnswerIsLost);
        await ChargeAsync(world);
        (await world.Charges().ResolveDueAsync()).ShouldBe(0); // not due yet: the call may still be under way

        await world.ExecuteAsync("update payment_attempts set due_at = now()");
        (await world.Charges().ResolveDueAsync()).ShouldBe(1);
        await meeting.DeliverAsync();

        (await world.CountAsync("payment_attempts where state = 'succeeded'")).ShouldBe(1);
        bench.Paid.ShouldBe(1);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Two_charges_for_one_thing_at_once_take_money_once()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        await LeaveAsync(meeting);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => ChargeAsync(world))));
        await meeting.DeliverAsync();

        (await world.CountAsync("payment_attempts")).ShouldBe(1);
        (await world.Database.ScalarAsync("select state from payment_attempts")).ShouldBe("succeeded");
        bench.Paid.ShouldBe(1);
        (await ChargeAsync(world)).Problem!.Code.ShouldBe("nothing_due");
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Without_a_method_or_in_a_currency_that_is_not_taken_nothing_is_sent()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        (await ChargeAsync(world)).Problem!.Code.ShouldBe("no_payment_method");
        await LeaveAsync(meeting);
        (await ChargeAsync(world, method: Guid.NewGuid())).Problem!.Code.ShouldBe("unknown_payment_method");
        if (bench.Lacks is { } lacks) (await ChargeAsync(world, currency: lacks)).Problem!.Code.ShouldBe("currency_not_supported");

        (await world.CountAsync("payment_attempts")).ShouldBe(0);
        bench.ChargesSent.ShouldBe(0);
    }

    [Fact]
    public async Task A_method_that_the_provider_let_go_of_is_a_refusal_for_good()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var method = await LeaveAsync(meeting);
        await world.Services.GetRequiredService<PaymentProviders>().Find(bench.Key)!.ForgetMethodAsync(method.Token!, default);

        var outcome = (await ChargeAsync(world)).Value;

        (outcome.Standing, outcome.Decline, outcome.Attempt.Failure).ShouldBe((ChargeStanding.Declined, DeclineKind.Hard, "unknown_method"));
        bench.Paid.ShouldBe(0);
    }

    private static async Task<PaymentMethod> LeaveAsync(Meeting meeting, Card card = Card.Good)
    {
        var (world, bench) = meeting;
        var pending = (await world.Methods().StartAsync(new MethodOrder(world.Acme, PaymentsWorld.Portal))).Value;
        pending.Url.ShouldNotBeNull();
        await bench.LeaveMethodAsync(pending.Page!, card);
        await meeting.DeliverAsync();
        return (await world.Methods().FindAsync(world.Acme, pending.Id))!;
    }

    private static Task<Result<ChargeOutcome>> ChargeAsync(PaymentsWorld world, Guid? method = null, string currency = "USD") =>
        world.Charges().ChargeAsync(new ChargeOrder(world.Acme, Debt, new Money(25m, Currency.Of(currency)), "Invoice 1", method));
}

/// <summary>Something that charges pay for: books their money as customer credit and counts.</summary>
internal sealed class DebtToPay : IPaymentPurpose
{
    public string Prefix => "inv";

    public decimal Paid { get; private set; }

    public List<DeclineKind> Refusals { get; } = [];

    public static DebtToPay Of(PaymentsWorld world) => (DebtToPay)world.Services.GetRequiredService<IPaymentPurpose>();

    public Task<Problem?> RefusesAsync(Domain.Wallet.WalletTransaction wallet, string paysFor, Money amount, CancellationToken cancellationToken) =>
        Task.FromResult(Paid >= 25m ? Problem.Conflict("nothing_due", "It is paid.") : null);

    public Task<Result<decimal>> PayAsync(Domain.Wallet.WalletTransaction wallet, ArrivedMoney money, CancellationToken cancellationToken)
    {
        Paid += money.Amount;
        wallet.Begin("payment", key: money.Key, reference: money.PaysFor)
            .Book($"cash:{money.Payment.Provider}", "customer_credit", money.Amount, money.Payment.Currency);
        return Task.FromResult<Result<decimal>>(money.Amount);
    }

    public Task DeclinedAsync(Domain.Wallet.WalletTransaction wallet, PaymentAttempt attempt, DeclineKind kind, CancellationToken cancellationToken)
    {
        Refusals.Add(kind);
        return Task.CompletedTask;
    }
}

internal static class ChargesOfWorlds
{
    public static PaymentMethods Methods(this PaymentsWorld world) => world.Services.GetRequiredService<PaymentMethods>();

    public static OffSession Charges(this PaymentsWorld world) => world.Services.GetRequiredService<OffSession>();
}
