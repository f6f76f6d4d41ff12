using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Wallet;

namespace Portal.Domain.Outcomes;

/// <summary>Does what cases make fall due: silence that decides, abandonment, settlement, and taking back what no longer holds.</summary>
public sealed class CaseSettling(Catalogues catalogues, UsageCorrections corrections) : IDueSource
{
    private const string Next = "select min(due_at) from outcome_cases where tenant_id = $1 and due_at is not null";

    private const string DueCases = $"""
        select {OutcomeCase.Columns} from outcome_cases c where c.tenant_id = $1 and c.due_at <= $2 order by c.due_at, c.product, c.case_key limit 500
        """;

    private const string Named = """
        select (array_agg(consumer order by occurred_at, event_key) filter (where consumer is not null))[1],
          (array_agg(team order by occurred_at, event_key) filter (where team is not null))[1],
          (array_agg(pool order by occurred_at, event_key) filter (where pool is not null))[1]
        from outcome_case_events where tenant_id = $1 and product = $2 and case_key = $3
        """;

    private static readonly TimeSpan Again = TimeSpan.FromDays(1);

    /// <inheritdoc />
    public async Task<IDue?> FindAsync(WalletTransaction wallet, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (wallet.Directory.Outcomes.Count == 0) return null;
        return await NextAsync(wallet, cancellationToken) is { } next ? new Due(this, wallet, next) : null;
    }

    private static async Task<DateTimeOffset?> NextAsync(WalletTransaction wallet, CancellationToken cancellationToken) =>
        (await wallet.Connection.ListAsync(Next, row => row.Nullable<DateTimeOffset?>(0), cancellationToken, wallet.TenantId))[0];

    private async Task RunAsync(WalletTransaction wallet, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var catalogue = await catalogues.AtLeastAsync(wallet.Clock.CatalogueVersion, cancellationToken);
        var rules = (CaseRules)catalogue.Cases!;
        while (await wallet.Connection.ListAsync(DueCases, OutcomeCase.Read, cancellationToken, wallet.TenantId, at) is { Count: > 0 } cases)
        {
            var events = await CaseRows.EventsAsync(wallet.Connection, wallet.TenantId, cases, cancellationToken);
            await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
            foreach (var one in cases)
            {
                var standing = CaseStanding.Of(rules.Of(one), events[(one.Product, one.Key)], one.LastEventAt, at, wallet.Directory.Zone);
                one.Follow(standing, at);
                if (one.BilledEvent is null && one.State == "settling" && one.SettlesAt <= at)
                {
                    if (!await BillAsync(wallet, one, catalogue, at, cancellationToken))
                    {
                        one.DueAt = at + Again;
                        continue;
                    }
                }
                else if (one.BilledEvent is not null && one.DueAt <= at) await ReverseAsync(wallet, one, at, cancellationToken);
                else continue;
                one.Follow(standing, at);
            }

            foreach (var one in cases) CaseRows.AddTo(batch, wallet.TenantId, one, wallet.Now);

            await batch.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    // A bill that the meter of its product refuses is none: the case settles when a later try is taken, and the wallet goes on meanwhile.
    private static async Task<bool> BillAsync(WalletTransaction wallet, OutcomeCase one, Catalogue catalogue, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await NameAsync(wallet, one, cancellationToken);
        var usage = EventOf(wallet, one, at);
        var terms = wallet.Wallet.Overage;
        wallet.Wallet.Overage = wallet.Directory.Terms?.At(at);
        await EventInWallet.TakeAsync(wallet, usage, catalogue, cancellationToken, at);
        wallet.Wallet.Overage = terms;
        if (usage.Status is not (EventStatus.Accepted or EventStatus.Unrated)) return false;
        one.TimesBilled++;
        (one.State, one.BilledEvent, one.BilledAt) = ("billed", usage.Key, at);
        (one.BilledTransaction, one.BilledOrdinal) = (usage.TransactionId, usage.Ordinal);
        return true;
    }

    // Who is billed is whom the earliest of its events names that names anybody, whichever came first.
    private static async Task NameAsync(WalletTransaction wallet, OutcomeCase one, CancellationToken cancellationToken) =>
        (one.Consumer, one.Team, one.Pool) = (await wallet.Connection.ListAsync(
            Named, row => (row.Nullable<string>(0), row.Nullable<string>(1), row.Nullable<string>(2)), cancellationToken, wallet.TenantId, one.Product, one.Key))[0];

    // A case whose bill the platform has voided itself has nothing to take back.
    private async Task ReverseAsync(WalletTransaction wallet, OutcomeCase one, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var why = one.Dispute == "accepted" ? $"Disputed: {one.DisputeAnswer}" : $"The case was reversed: {one.Reason ?? "pending"}";
        var voided = await corrections.VoidAsync(
            wallet, UsageIntake.OutcomesSource, one.EventId(one.TimesBilled), why.Length > 500 ? why[..500] : why, at: at, cancellationToken: cancellationToken);
        if (voided.Problem is { Code: not ("event_voided" or "unknown_event") } problem) throw new InvalidOperationException($"{problem.Code}: {problem.Detail}");
        (one.BilledEvent, one.BilledTransaction, one.BilledOrdinal, one.ReversedAt) = (null, null, null, at);
    }

    private static UsageEvent EventOf(WalletTransaction wallet, OutcomeCase one, DateTimeOffset at)
    {
        var directory = wallet.Directory;
        var pool = one.Pool is not null && directory.Pools.TryGetValue(one.Pool, out var named) && !named.Closed ? one.Pool : null;
        var data = JsonSerializer.SerializeToUtf8Bytes(
            new { one.Rule, RuleVersion = one.RuleVersion, one.Product, Case = one.Key, Outcome = one.Reason, one.Consumer, one.Team, Pool = pool }, PortalJson.Options);
        var id = one.EventId(one.TimesBilled + 1);
        var usage = new UsageEvent
        {
            Index = 0,
            OfEngine = true,
            Id = id,
            Source = UsageIntake.OutcomesSource,
            Type = $"outcome.{one.Product}",
            Subject = directory.TenantKey,
            OccurredAt = at,
            TenantId = wallet.TenantId,
            Key = EventIdentity.KeyOf(UsageIntake.OutcomesSource, id),
            Consumer = one.Consumer,
            Team = one.Team,
            Pool = pool,
            Data = data,
        };
        var reader = new Utf8JsonReader(data);
        reader.Read();
        usage.Digest = BodyDigest.Of(usage.Type, usage.Subject, usage.OccurredAt, BodyDigest.Value(ref reader));
        return usage;
    }

    private sealed class Due(CaseSettling settling, WalletTransaction wallet, DateTimeOffset next) : IDue
    {
        public DuePlace Place => DuePlace.Last;

        public DateTimeOffset? NextAt { get; private set; } = next;

        public async Task RunAsync(DateTimeOffset at, CancellationToken cancellationToken)
        {
            await settling.RunAsync(wallet, at, cancellationToken);
            NextAt = await NextAsync(wallet, cancellationToken);
        }
    }
}
