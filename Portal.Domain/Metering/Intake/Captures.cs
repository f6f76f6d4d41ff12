using System.Text.Json;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Intake;

/// <summary>The answer to a capture: its event's fate, as an item of the answer to usage has it, and what became of the hold.</summary>
/// <param name="Index">0: there is one event.</param>
/// <param name="Id">The event's id.</param>
/// <param name="Status"><c>accepted</c>, <c>unrated</c> or <c>duplicate</c>.</param>
/// <param name="Event">The event's public id.</param>
/// <param name="Credits">Credits drawn, more or less than were held; of a duplicate, those of the first; null when unrated.</param>
/// <param name="Transaction">Public id of the transaction that booked it; null for a duplicate.</param>
/// <param name="Hold"><c>captured</c>; <c>expired</c> when it came too late to find the credits held; <c>released</c> when the event was known.</param>
public sealed record CaptureAnswer(int Index, string Id, string Status, string Event, decimal? Credits, string? Transaction, string Hold);

/// <summary>What a capture books.</summary>
/// <param name="Event">A CloudEvent as JSON; empty when <paramref name="Credits"/> says it.</param>
/// <param name="Credits">Credits instead of an event; null when there is one.</param>
public sealed record CaptureOrder(ReadOnlyMemory<byte> Event, decimal? Credits = null);

/// <summary>Books the real usage of work that credits were held for, and frees what was held: one transaction, through the intake's own path.</summary>
public sealed class Captures(Catalogues catalogues)
{
    /// <summary>
    /// Captures a hold: below, at or above what it held. Late, after its expiry, it still books. A repeat with the same body answers the
    /// first. An event that names neither consumer nor pool has the hold's. Refuses <c>unknown_hold</c>, <c>hold_released</c>,
    /// <c>hold_captured</c>, <c>tenant_mismatch</c>, <c>invalid_credits</c>, <c>one_event_expected</c>, <c>conflict</c>, and what the intake
    /// rejects an event for; then the hold stays as it was.
    /// </summary>
    public async Task<Result<CaptureAnswer>> CaptureAsync(
        WalletTransaction wallet, Guid holdId, CaptureOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(order);
        if (await Hold.FindAsync(wallet.Connection, wallet.TenantId, holdId, cancellationToken) is not { } hold) return Holds.Unknown;
        var catalogue = await catalogues.AtLeastAsync(wallet.Clock.CatalogueVersion, cancellationToken);
        var read = order.Credits is { } credits ? OfCredits(wallet, hold, credits, catalogue.Version) : OfEvent(wallet, order.Event);
        if (read.Problem is { } invalid) return invalid;
        var (usage, digest) = read.Value;
        if (hold.Capture is { } first && first.Key == usage.Key && first.Digest == digest)
            return first.Answer.Deserialize<CaptureAnswer>(PortalJson.Options)!;
        if (hold.State is HoldState.Captured or HoldState.Released) return Holds.Closed(hold);

        Attribute(wallet, hold, usage);
        await EventInWallet.TakeAsync(wallet, usage, catalogue, cancellationToken);
        if (usage.Problem is { } rejected) return rejected;
        if (usage.Status == EventStatus.Conflict)
            return Problem.Conflict("conflict", "An event of this source and id was taken before, with another body. The hold stays as it was.");
        var known = usage.Status == EventStatus.Duplicate;
        var answer = AnswerOf(usage, known ? HoldState.Released : hold.State == HoldState.Open ? HoldState.Captured : HoldState.Expired);
        await Holds.CloseAsync(
            wallet, hold, known ? HoldState.Released : HoldState.Captured,
            new HoldCapture(usage.Key, digest, JsonSerializer.SerializeToElement(answer, PortalJson.Options)), cancellationToken);
        return answer;
    }

    private static Result<(UsageEvent Usage, long Digest)> OfCredits(WalletTransaction wallet, Hold hold, decimal credits, long catalogueVersion) =>
        credits < 0m || credits > Credits.Limit || !Credits.HasAtMostNinePlaces(credits)
            ? Problem.Field("credits", "invalid_credits", "Credits must be 0 or more, with at most nine decimal places.")
            : (CapturedCredits.EventOf(wallet, hold, credits, catalogueVersion), CapturedCredits.DigestOf(hold, credits));

    private static Result<(UsageEvent Usage, long Digest)> OfEvent(WalletTransaction wallet, ReadOnlyMemory<byte> body)
    {
        var parsed = EventParser.Parse(body);
        if (parsed.Problem is { } malformed) return malformed;
        if (parsed.Value is not [var usage]) return new Problem(ProblemKind.Invalid, "one_event_expected", "A hold is captured by one event.");
        if (usage.Problem is { } rejected) return rejected;
        if (usage.Subject != wallet.Directory.TenantKey)
            return Problem.Unprocessable("tenant_mismatch", "The subject of the event is another tenant than the hold's.");
        usage.TenantId = wallet.TenantId;
        return (usage, usage.Digest);
    }

    // What the event leaves open is as it was when the work began. A pool that was closed since gave what it had to the shared one.
    private static void Attribute(WalletTransaction wallet, Hold hold, UsageEvent usage)
    {
        if (string.IsNullOrEmpty(usage.Consumer)) usage.Consumer = hold.Consumer;
        usage.Pool ??= hold.Pool;
        if (usage.Pool == hold.Pool && wallet.Directory.PoolsById[hold.PoolId].Closed) usage.Pool = Pool.SharedKey;
    }

    private static CaptureAnswer AnswerOf(UsageEvent usage, string hold) => new(
        Index: 0, usage.Id, usage.Status switch
        {
            EventStatus.Accepted => "accepted",
            EventStatus.Unrated => "unrated",
            _ => "duplicate",
        },
        PublicId.Format(PublicId.Event, usage.TenantId, usage.Key),
        usage.Status == EventStatus.Unrated ? null : usage.Credits,
        usage.Status == EventStatus.Duplicate ? null : PublicId.Format(PublicId.Transaction, usage.TenantId, usage.TransactionId), hold);
}
