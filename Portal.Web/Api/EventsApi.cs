using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Pricing;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Usage: events in, and what an event would come to.</summary>
public static class EventsApi
{
    /// <summary>Largest body of usage: 8 MiB.</summary>
    public const int BodyLimit = 8 * 1024 * 1024;

    private const string One = "application/cloudevents+json", Batch = "application/cloudevents-batch+json", Json = "application/json";

    /// <summary>Maps the calls.</summary>
    public static void Map(IEndpointRouteBuilder v1)
    {
        v1.MapPost("/events", TakeAsync).RequireScope(Scope.UsageWrite).WithTags("Usage").WithSummary("Send usage: one CloudEvent or a batch")
            .Accepts<JsonElement>(Json, One, Batch).Produces<EventsTaken>(200).Produces<EventsTaken>(207).Produces<EventsTaken>(409).Produces<EventsTaken>(422);
        v1.MapPost("/estimate", EstimateAsync).RequireScope(Scope.Read).WithTags("Usage").WithSummary("What an event, or `count` like it, would come to; changes nothing")
            .Accepts<JsonElement>(Json, One).Produces<Estimate>(200);
    }

    private static async Task<IResult> TakeAsync(HttpContext http, UsageIntake intake, string? detail)
    {
        if (detail is not (null or "summary")) return new ProblemAnswer(Problem.Field("detail", "invalid_detail", "The detail is 'summary' or left out."));
        var length = http.Request.ContentLength is { } said ? Math.Min(said, BodyLimit) : (long?)null; // more is refused unread
        var body = await intake.ReadAsync(length, () => BodyAsync(http));
        if (body.Problem is { } problem) return new ProblemAnswer(problem);
        var taken = await intake.TakeAsync(body.Value, http.Caller().OnlyTenant, http.RequestAborted);
        return taken.Match<IResult>(events => new EventsAnswer(events, IsAlone(body.Value), detail is not null), failure => new ProblemAnswer(failure));
    }

    private static async Task<IResult> EstimateAsync(HttpContext http, UsageIntake intake, string? count)
    {
        if (!int.TryParse(count ?? "1", NumberStyles.None, CultureInfo.InvariantCulture, out var many))
            return new ProblemAnswer(Problem.Field("count", "invalid_count", $"The count is 1 to {UsageIntake.MostEstimated}."));
        var body = await BodyAsync(http);
        if (body.Problem is { } problem) return new ProblemAnswer(problem);
        var caller = http.Caller();
        var estimated = await intake.EstimateAsync(body.Value, many, caller.OnlyTenant, http.RequestAborted);
        return estimated.ToAnswer(usage => Answer.Ok(Estimate.Of(usage, caller.IsPlatform)));
    }

    private static async ValueTask<Result<ReadOnlyMemory<byte>>> BodyAsync(HttpContext http)
    {
        var type = http.Request.ContentType?.Split(';', 2)[0].Trim();
        if (type is not (One or Batch or Json))
            return new Problem(ProblemKind.Invalid, ApiProblems.UnsupportedMediaType, $"Send {One}, {Batch} or {Json}.");
        return await http.ReadBodyAsync(BodyLimit);
    }

    private static bool IsAlone(ReadOnlyMemory<byte> body) => body.Span.TrimStart(" \t\r\n"u8) is [(byte)'{', ..];
}

/// <summary>The answer to usage, written without objects of its own.</summary>
internal sealed class EventsAnswer(IReadOnlyList<UsageEvent> events, bool alone, bool summary) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var buffer = new ArrayBufferWriter<byte>(summary ? 256 : 256 + (events.Count * 200));
        await using (var writer = new Utf8JsonWriter(buffer)) EventAnswer.Write(writer, events, summary);
        httpContext.Response.StatusCode = EventAnswer.StatusCode(events, alone);
        httpContext.Response.ContentType = "application/json; charset=utf-8";
        httpContext.Response.ContentLength = buffer.WrittenCount;
        await httpContext.Response.Body.WriteAsync(buffer.WrittenMemory, httpContext.RequestAborted);
    }
}

/// <summary>What became of a request of usage.</summary>
/// <param name="Accepted">Taken and rated.</param>
/// <param name="Unrated">Taken; no meter or rate covers them yet.</param>
/// <param name="Duplicate">Known: the same body came before.</param>
/// <param name="Conflict">Known with another body; nothing was changed.</param>
/// <param name="Rejected">Refused.</param>
/// <param name="Results">Each event's fate, in the order sent.</param>
internal sealed record EventsTaken(int Accepted, int Unrated, int Duplicate, int Conflict, int Rejected, IReadOnlyList<EventTaken> Results);

/// <summary>What became of an event.</summary>
internal sealed record EventTaken(int Index, string Id, string Status, string? Event, decimal? Credits, string? Transaction, string? Code, string? Detail);

/// <summary>What an event would come to.</summary>
/// <param name="Rated">False when no meter or rate covers it.</param>
/// <param name="Product">Key of the product; null when no meter measures it.</param>
/// <param name="Credits">Credits it would draw.</param>
/// <param name="Money">Money it would accrue by rates in money.</param>
/// <param name="Currency">Its currency; null without such a rate.</param>
/// <param name="Cost">What the platform would pay; null when unknown, and for tenants' keys.</param>
/// <param name="CostCurrency">Its currency.</param>
/// <param name="Lines">Quantity by quantity.</param>
/// <param name="Total">What `count` events like it would come to, one after the other.</param>
internal sealed record Estimate(
    bool Rated, string? Product, decimal Credits, decimal Money, string? Currency, decimal? Cost, string? CostCurrency, IReadOnlyList<EstimateLine> Lines,
    EstimateTotal Total)
{
    public static Estimate Of(EstimatedUsage estimated, bool withCost) =>
        Of(estimated.Usage, new EstimateTotal(estimated.Count, estimated.Credits, estimated.Money, withCost ? estimated.Cost : null), withCost);

    private static Estimate Of(UsageEvent usage, EstimateTotal total, bool withCost) => usage.Rating is not { } rating
        ? new Estimate(false, usage.Product, 0m, 0m, null, null, null, [], total)
        : new Estimate(
            rating.Rated, usage.Product, rating.Rated ? rating.Credits.Amount : 0m, rating.Rated ? rating.Money : 0m, rating.MoneyCurrency,
            withCost ? rating.Cost : null, withCost ? rating.CostCurrency : null, [.. rating.Lines.Select(line => EstimateLine.Of(usage.Meter!.Key, line, withCost))],
            total);
}

/// <summary>What several like events would come to.</summary>
/// <param name="Count">How many.</param>
/// <param name="Credits">Their credits.</param>
/// <param name="Money">Money they would accrue by rates in money.</param>
/// <param name="Cost">What the platform would pay; null when unknown, and for tenants' keys.</param>
internal sealed record EstimateTotal(int Count, decimal Credits, decimal Money, decimal? Cost);

/// <summary>A quantity of an estimate with the rate that would price it.</summary>
/// <param name="Meter">Key of the meter.</param>
/// <param name="Dimensions">What the quantity is.</param>
/// <param name="Quantity">How much.</param>
/// <param name="Rate">The rate that matches; null when none does.</param>
/// <param name="Unit">`CREDIT` or a currency; null without a rate.</param>
/// <param name="Credits">Its share of the credits.</param>
/// <param name="Money">Its share of the money.</param>
/// <param name="Cost">Its share of the cost; null when unknown, and for tenants' keys.</param>
internal sealed record EstimateLine(
    string Meter, IReadOnlyDictionary<string, string> Dimensions, decimal Quantity, EstimateRate? Rate, string? Unit, decimal Credits, decimal Money, decimal? Cost)
{
    public static EstimateLine Of(string meter, RatedLine line, bool withCost) => new(
        meter, ToDictionary(line.Dimensions), line.Quantity,
        line.Rate is { } rate ? new EstimateRate(rate.Version?.Card, rate.Version?.Version, ToDictionary(rate.Match)) : null,
        line.Rate?.Unit, line.Credits.Amount, line.Money, withCost ? line.Cost : null);

    private static Dictionary<string, string> ToDictionary(DimensionSet dimensions) =>
        dimensions.Items.ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal);
}

/// <summary>A rate of a card's version.</summary>
/// <param name="Card">Key of the card.</param>
/// <param name="Version">Number of the version.</param>
/// <param name="Match">Dimensions that it names; the others match any.</param>
internal sealed record EstimateRate(string? Card, int? Version, IReadOnlyDictionary<string, string> Match);
