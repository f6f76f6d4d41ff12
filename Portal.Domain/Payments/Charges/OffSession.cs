using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Payments.Saved;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments.Charges;

/// <summary>A charge to a saved payment method while the customer is away.</summary>
/// <param name="TenantId">Whose.</param>
/// <param name="PaysFor">Public id of what it pays; of one such thing at most one charge is under way.</param>
/// <param name="Amount">Above 0, in whole minor units.</param>
/// <param name="Description">What the customer reads.</param>
/// <param name="Method">The payment method; default the tenant's default.</param>
/// <param name="Actor">Who asks.</param>
public sealed record ChargeOrder(long TenantId, string PaysFor, Money Amount, string Description, Guid? Method = null, string? Actor = null);

/// <summary>How a charge stands.</summary>
public enum ChargeStanding
{
    /// <summary>The money is there and booked.</summary>
    Paid,

    /// <summary>Refused: <see cref="ChargeOutcome.Decline"/> says what that means for the next try.</summary>
    Declined,

    /// <summary>Nobody knows yet; no other charge for the same thing starts before that is known.</summary>
    UnderWay,
}

/// <summary>What came of a charge.</summary>
/// <param name="Attempt">The attempt: the one made now, or the one that was still open.</param>
/// <param name="Standing">How it stands.</param>
/// <param name="Decline">What a refusal means; null unless it was refused.</param>
public sealed record ChargeOutcome(PaymentAttempt Attempt, ChargeStanding Standing, DeclineKind? Decline)
{
    internal static ChargeOutcome Of(PaymentAttempt attempt) => attempt.State switch
    {
        AttemptState.Succeeded => new(attempt, ChargeStanding.Paid, null),
        AttemptState.Declined or AttemptState.Failed => new(attempt, ChargeStanding.Declined, Declines.KindOf(attempt.Failure ?? "")),
        _ => new(attempt, ChargeStanding.UnderWay, null),
    };
}

/// <summary>
/// Charges saved payment methods: what invoices, dunning and top-ups call. An attempt is a row before it is a call; while its outcome is
/// unknown no other starts for the same thing; one that is older than 12 hours is asked for by its reference before it is sent again.
/// </summary>
public sealed class OffSession(
    Wallets wallets, PaymentProviders providers, IncomingMoney money, NpgsqlDataSource source, IDbContextFactory<PortalDbContext> contexts, ILogger<OffSession> log)
{
    /// <summary>From this age on an attempt is asked about before it is sent again: a provider may have forgotten its key.</summary>
    public static readonly TimeSpan AskFrom = TimeSpan.FromHours(12);

    private const int AtOnce = 20;

    // Taking an attempt puts its next try off, so that one whose process dies is tried again, and no two try at once.
    private const string Take = """
        update payment_attempts a set tries = a.tries + 1, due_at = now() + least(interval '1 minute' * power(2, least(a.tries, 12)), interval '6 hours')
        from (select tenant_id, id from payment_attempts where state = 'started' and pays_for is not null and due_at <= now() order by due_at limit $1 for update skip locked) due
        where a.tenant_id = due.tenant_id and a.id = due.id returning a.tenant_id, a.id
        """;

    /// <summary>
    /// Charges, or resolves the attempt that is still open for the same thing. A refusal by the bank is an outcome. Refuses, with nothing
    /// sent: <c>no_payment_method</c>, <c>unknown_payment_method</c>, <c>unknown_provider</c>, <c>currency_not_supported</c>,
    /// <c>amount_not_supported</c>, and what the purpose refuses (<c>nothing_due</c>).
    /// </summary>
    public async Task<Result<ChargeOutcome>> ChargeAsync(ChargeOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(order.Amount.Amount, nameof(order));
        var begun = await wallets.RunAsync(order.TenantId, wallet => BeginAsync(wallet, order, cancellationToken), cancellationToken);
        if (begun.Problem is { } problem) return problem;
        return begun.Value.IsNew
            ? await SendAsync(begun.Value.Attempt, cancellationToken)
            : await ResolveAsync(begun.Value.Attempt, cancellationToken);
    }

    /// <summary>Finds out what became of attempts whose outcome is unknown, and answers how many it looked at. Safe to run at any time, on several nodes, twice.</summary>
    public async Task<int> ResolveDueAsync(CancellationToken cancellationToken = default)
    {
        for (var total = 0; ;)
        {
            var due = await source.ListAsync(Take, row => (Tenant: row.GetInt64(0), Id: row.GetGuid(1)), cancellationToken, AtOnce);
            foreach (var (tenant, id) in due) await ResolveAsync(await ReadAsync(tenant, id, cancellationToken), cancellationToken);
            total += due.Count;
            if (due.Count < AtOnce) return total;
        }
    }

    private async Task<Result<(PaymentAttempt Attempt, bool IsNew)>> BeginAsync(WalletTransaction wallet, ChargeOrder order, CancellationToken cancellationToken)
    {
        var open = await wallet.Db.Set<PaymentAttempt>().SingleOrDefaultAsync(
            a => a.TenantId == wallet.TenantId && a.PaysFor == order.PaysFor && a.State == AttemptState.Started, cancellationToken);
        if (open is not null) return (open, false);
        if (money.PurposeOf(order.PaysFor) is { } purpose && await purpose.RefusesAsync(wallet, order.PaysFor, order.Amount, cancellationToken) is { } settled) return settled;
        var method = await wallet.Db.Set<PaymentMethod>().SingleOrDefaultAsync(
            m => m.TenantId == wallet.TenantId && m.State == MethodState.Saved && (order.Method == null ? m.IsDefault : m.Id == order.Method), cancellationToken);
        if (method is null)
        {
            return order.Method is null
                ? Problem.Unprocessable("no_payment_method", "There is no payment method to charge.")
                : Problem.Field("method", "unknown_payment_method", "There is no such payment method.");
        }

        if (providers.Find(method.Provider) is not { } provider) return Problem.Unprocessable("unknown_provider", $"The payment provider '{method.Provider}' is not set up.");
        if (provider.Refuses(order.Amount) is { } refused) return refused;
        var attempt = new PaymentAttempt
        {
            TenantId = wallet.TenantId,
            Id = Uuid7.At(wallet.Now),
            Provider = method.Provider,
            PaysFor = order.PaysFor,
            Description = order.Description,
            MethodId = method.Id,
            Currency = order.Amount.Currency.Code,
            Amount = order.Amount.Amount,
            StartedAt = wallet.Now,
        };
        wallet.Db.Add(attempt);
        await ProviderObjects.AddAsync(wallet.Connection, wallet.TenantId, method.Provider, attempt.Reference, cancellationToken);
        return (attempt, true);
    }

    private async Task<ChargeOutcome> ResolveAsync(PaymentAttempt attempt, CancellationToken cancellationToken)
    {
        if (attempt.State != AttemptState.Started || providers.Find(attempt.Provider) is not { } provider) return ChargeOutcome.Of(attempt);
        var now = (await wallets.RunAsync(attempt.TenantId, wallet => Task.FromResult<Result<DateTimeOffset>>(wallet.Now), cancellationToken)).Value;
        if (now - attempt.StartedAt < AskFrom && attempt.ProviderObject is null) return await SendAsync(attempt, cancellationToken);
        try
        {
            var found = await provider.LookUpAsync(new Sought(attempt.Reference, attempt.ProviderObject), cancellationToken);
            foreach (var report in found.OrderByDescending(report => report.Captured)) await BookAsync(attempt, report, cancellationToken);
            if (found.Count > 0) return ChargeOutcome.Of(await ReadAsync(attempt.TenantId, attempt.Id, cancellationToken));
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException)
        {
            log.LogWarning("{Provider} could not be asked what became of {Attempt}: {Reason}", attempt.Provider, attempt.Reference, exception.Message);
            return ChargeOutcome.Of(attempt);
        }

        return await SendAsync(attempt, cancellationToken);
    }

    // The reference is the key: sent twice, it charges once.
    private async Task<ChargeOutcome> SendAsync(PaymentAttempt attempt, CancellationToken cancellationToken)
    {
        var provider = providers.Find(attempt.Provider)!;
        var token = await TokenAsync(attempt, cancellationToken);
        Result<PaymentReport> answer;
        try
        {
            var amount = new Money(attempt.Amount, Currency.Of(attempt.Currency));
            answer = await provider.ChargeAsync(new ChargeRequest(attempt.Reference, token, amount, attempt.Description ?? ""), cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException)
        {
            log.LogWarning("Charge {Attempt} at {Provider} has no known outcome: {Reason}", attempt.Reference, attempt.Provider, exception.Message);
            return ChargeOutcome.Of(attempt);
        }

        if (answer.Problem is { } problem) await FailAsync(attempt, problem.Code, cancellationToken);
        else await BookAsync(attempt, answer.Value, cancellationToken);
        return ChargeOutcome.Of(await ReadAsync(attempt.TenantId, attempt.Id, cancellationToken));
    }

    private async Task BookAsync(PaymentAttempt attempt, PaymentReport report, CancellationToken cancellationToken)
    {
        await using (var command = source.CreateCommand("update payment_attempts set provider_object = $3 where tenant_id = $1 and id = $2"))
        {
            foreach (var value in new object[] { attempt.TenantId, attempt.Id, report.ProviderPayment }) command.Parameters.Add(Columns.Parameter(value));
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        if ((await money.TakeAsync(attempt.Provider, report with { Reference = attempt.Reference }, cancellationToken)).Problem is { } problem)
            log.LogError("What {Provider} says of {Attempt} cannot be booked: {Code}", attempt.Provider, attempt.Reference, problem.Code);
    }

    private Task<Result<Done>> FailAsync(PaymentAttempt attempt, string failure, CancellationToken cancellationToken) =>
        wallets.RunAsync<Done>(attempt.TenantId, async wallet =>
        {
            wallet.Actor = "provider:" + attempt.Provider;
            await money.DeclineAsync(wallet, attempt.Id, failure, AttemptState.Failed, cancellationToken);
            return default(Done);
        }, cancellationToken);

    private async Task<string> TokenAsync(PaymentAttempt attempt, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return (await db.Set<PaymentMethod>().SingleAsync(m => m.TenantId == attempt.TenantId && m.Id == attempt.MethodId, cancellationToken)).Token!;
    }

    private async Task<PaymentAttempt> ReadAsync(long tenantId, Guid id, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Set<PaymentAttempt>().SingleAsync(attempt => attempt.TenantId == tenantId && attempt.Id == id, cancellationToken);
    }
}
