using System.ComponentModel;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Metering.Explaining;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Finding events and explaining what they came to.</summary>
public static class StoredEventsApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var events = tenant.MapGroup("/events").WithTags("Usage");
        events.MapGet("", FindAsync).RequireScope(Scope.Read).Answers<Listing<EventDocument>>()
            .Says("Find events", "Newest posted first, each with what it stands on now. `from` and `to` bound the time of usage, half-open; an empty `model`, `tier`, `product`, `consumer` or `team` is an event without one.");
        events.MapGet("/{event}", ExplainAsync).RequireScope(Scope.Read).Answers<EventDocument>()
            .Says(
                "Explain an event",
                "Each quantity with the rate that matched, its card's version, why it and which less specific ones, the tiers reached; the pieces drawn; the ledger "
                + "transaction with its entries (those of all usage booked with it); what came later. With a platform key the cost rates, cost and margin too.");
    }

    private static async Task<IResult> FindAsync(
        [AsParameters] PageQuery query, [AsParameters] EventsQuery asked, PathTenant tenant, HttpContext http, TenantReads reads)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var filter = asked.Read();
        if (filter.Problem is { } wrong) return new ProblemAnswer(wrong);
        if (!EventList.TryReadPlace(page.Value.After, out var after)) return new ProblemAnswer(PageQuery.InvalidCursor);
        var found = await reads.RunAsync(
            tenant.Id, read => EventList.ReadAsync(read.Connection, tenant.Id, filter.Value, after, page.Value.Fetch, page: true, http.RequestAborted), http.RequestAborted);
        var platform = http.Caller().IsPlatform;
        return page.Value.Answer(found, listed => EventList.PlaceOf(listed.Event), listed => EventDocument.Of(tenant.Id, listed, platform));
    }

    private static async Task<IResult> ExplainAsync(string @event, PathTenant tenant, HttpContext http, Explanations explanations)
    {
        if (PublicId.TryParse(PublicId.Event, @event, out var owner, out var key) && owner == tenant.Id
            && await explanations.FindAsync(tenant.Id, key, http.RequestAborted) is { } explained)
            return Answer.Ok(EventDocument.Of(tenant.Id, explained, http.Caller().IsPlatform));
        return new ProblemAnswer(Problem.NotFound("unknown_event", "There is no such event."));
    }
}

/// <summary>Which events are asked for.</summary>
internal sealed record EventsQuery
{
    /// <summary>Of this type.</summary>
    public string? Type { get; init; }

    [Description("`accepted`, `unrated`, `amended` or `voided`.")]
    public string? Status { get; init; }

    public string? Product { get; init; }

    public string? Model { get; init; }

    public string? Tier { get; init; }

    public string? Consumer { get; init; }

    public string? Team { get; init; }

    [Description("Key of a pool that the event drew from.")]
    public string? Pool { get; init; }

    [Description("Key of the pool that the event named.")]
    [FromQuery(Name = "pool_named")]
    public string? PoolNamed { get; init; }

    public string? From { get; init; }

    public string? To { get; init; }

    public Result<EventFilter> Read()
    {
        if (Status is not null && !EventList.Statuses.Contains(Status, StringComparer.Ordinal))
            return Problem.Field("status", "invalid_status", $"The status is one of {string.Join(", ", EventList.Statuses)}.");
        var (from, to) = (Instant("from", From), Instant("to", To));
        if ((from.Problem ?? to.Problem) is { } problem) return problem;
        return new EventFilter(Type, Status, from.Value, to.Value)
        {
            Product = Product,
            Model = Model,
            Tier = Tier,
            Consumer = Consumer,
            Team = Team,
            Pool = Pool,
            PoolNamed = PoolNamed,
        };
    }

    private static Result<DateTimeOffset?> Instant(string field, string? text)
    {
        if (text is null) return (DateTimeOffset?)null;
        return InstantText.TryParse(text, out var instant)
            ? (DateTimeOffset?)instant
            : Problem.Field(field, "invalid_instant", "An instant is expected as RFC 3339 with an offset, such as 2026-01-01T00:00:00Z.");
    }
}

/// <summary>An event as the API shows it: its first rating and what it stands on now; cost only to platform keys, and only when it is asked for alone what came later.</summary>
internal sealed record EventDocument(
    string Event, string Source, string Id, string Type, DateTimeOffset Time, DateTimeOffset PostedAt, string Status, string? Meter, string? Product, string Pool,
    string? Consumer, string? Team, decimal Quantity, decimal Credits, decimal Revenue, decimal? Cost, string? CostCurrency, CardReference? RateCard,
    CardReference? CostCard, string Transaction, JsonElement Data, StandingDocument? Standing = null, IReadOnlyList<PieceDocument>? Pieces = null,
    IReadOnlyList<RatingDocument>? Ratings = null, IReadOnlyList<QuantityDocument>? Quantities = null, TransactionDocument? Booked = null, string? Currency = null,
    decimal? ConvertedCost = null, decimal? Margin = null)
{
    public static EventDocument Of(long tenantId, StoredEvent stored, bool platform) => new(
        PublicId.Format(PublicId.Event, tenantId, stored.Key), stored.Source, stored.Id, stored.Type, stored.OccurredAt, stored.PostedAt,
        stored.Rated ? "accepted" : "unrated", stored.Meter, stored.Product, stored.Pool, stored.Consumer, stored.Team, stored.Quantity, stored.Credits,
        stored.Revenue, platform ? stored.Cost : null, platform ? stored.CostCurrency : null, CardReference.Of(stored.RateCard, stored.RateVersion),
        platform ? CardReference.Of(stored.CostCard, stored.CostVersion) : null, PublicId.Format(PublicId.Transaction, tenantId, stored.TransactionId), stored.Data);

    public static EventDocument Of(long tenantId, ListedEvent listed, bool platform) => Of(tenantId, listed.Event, platform) with
    {
        Status = listed.Status,
        Standing = new StandingDocument(listed.Credits, listed.Revenue),
    };

    public static EventDocument Of(long tenantId, EventExplanation explanation, bool platform) => Of(tenantId, explanation.Event, platform) with
    {
        Quantities = [.. explanation.Quantities.Select(quantity => QuantityDocument.Of(quantity, platform))],
        Booked = explanation.Transaction is { } transaction ? TransactionDocument.Of(tenantId, transaction, platform) : null,
        Currency = explanation.Currency,
        Cost = platform ? explanation.Cost : null,
        CostCurrency = platform ? explanation.CostCurrency : null,
        ConvertedCost = platform ? explanation.Converted : null,
        Margin = platform ? explanation.Margin : null,
    };

    private static EventDocument Of(long tenantId, ExplainedEvent explained, bool platform) => Of(tenantId, explained.Event, platform) with
    {
        Status = explained.Status,
        Standing = new StandingDocument(explained.Credits, explained.Revenue),
        Pieces = [.. explained.Pieces.Select(piece => new PieceDocument(
            piece.Kind, piece.Pool, piece.GrantId is { } grant ? PublicId.Format(PublicId.Grant, tenantId, grant) : null, piece.Credits, piece.Value))],
        Ratings = [.. explained.Ratings.Select(rating => new RatingDocument(
            rating.Kind, PublicId.Format(PublicId.Transaction, tenantId, rating.TransactionId), rating.Credits, rating.Revenue, platform ? rating.Cost : null))],
    };
}

/// <summary>What an event comes to after all that happened to it.</summary>
internal sealed record StandingDocument(decimal Credits, decimal Revenue);

/// <summary>A version of a card.</summary>
internal sealed record CardReference(string Card, int Version)
{
    public static CardReference? Of(string? card, int? version) => card is null || version is null ? null : new CardReference(card, version.Value);
}

/// <summary>A piece of a rating.</summary>
internal sealed record PieceDocument(string Kind, string Pool, string? Grant, decimal Credits, decimal Value);

/// <summary>What happened to an event after its first rating.</summary>
internal sealed record RatingDocument(string Kind, string Transaction, decimal Credits, decimal Revenue, decimal? Cost);
