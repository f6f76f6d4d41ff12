using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Sandbox;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>What happens at a real provider without anybody here asking for it; only where the sandbox is on.</summary>
public static class SandboxApi
{
    /// <summary>Maps the endpoint.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        if (((IEndpointRouteBuilder)tenant).ServiceProvider.GetService<SandboxProvider>() is null) return;
        tenant.MapPost("/payments/{payment}/sandbox", ChangeAsync).PlatformOnly().WithTags("Money").Says(
            "Let something happen to a payment (sandbox)",
            "`event` is `refunded` (on the provider's own pages), `disputed` (the money is taken), `won` (it comes back) or `lost`. Without an `amount` it is "
            + "all that there is. The sandbox tells it by webhook, as a provider would.",
            """{"event":"disputed","amount":"4.00"}""");
    }

    private static async Task<IResult> ChangeAsync(
        string payment, Body<SandboxChange> body, PathTenant tenant, TenantReads reads, SandboxProvider sandbox, CancellationToken cancellationToken)
    {
        var known = PublicId.TryParse(PublicId.Payment, payment, out var owner, out var id) && owner == tenant.Id
            ? await reads.RunAsync(tenant.Id, read => PaymentQuery.FindAsync(read, id, cancellationToken), cancellationToken)
            : null;
        if (known is null || known.Provider != sandbox.Key) return new ProblemAnswer(Problem.NotFound("unknown_payment", "There is no such payment of the sandbox."));
        if (body.Value.Amount is { } asked && (asked <= 0m || Currency.Of(known.Currency).RoundToMinor(asked) != asked))
            return new ProblemAnswer(Problem.Field("amount", "invalid_amount", "The amount must be above 0, in whole minor units."));
        Money? amount = body.Value.Amount is { } given ? new Money(given, Currency.Of(known.Currency)) : null;
        var changed = body.Value.Event switch
        {
            "refunded" => await sandbox.RefundOnOwnPagesAsync(known.ProviderPayment, amount, cancellationToken),
            "disputed" => await sandbox.DisputeAsync(known.ProviderPayment, amount, cancellationToken),
            "won" or "lost" => await sandbox.DecideDisputeAsync(known.ProviderPayment, body.Value.Event == "won", amount, cancellationToken),
            _ => Problem.Field("event", "invalid_event", "The event is refunded, disputed, won or lost."),
        };
        return changed.Problem is { } problem ? new ProblemAnswer(problem) : Answer.Nothing();
    }
}

/// <summary>What happens to a payment.</summary>
/// <param name="Event">`refunded`, `disputed`, `won` or `lost`.</param>
/// <param name="Amount">How much of it; default all.</param>
public sealed record SandboxChange(string Event, decimal? Amount = null);
