using System.ComponentModel;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Exchange;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Exchange rates by day, for margins in another currency than the costs'.</summary>
public static class FxRatesApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var rates = v1.MapGroup("/fx-rates").WithTags("Finance");
        rates.MapGet("", ListAsync).PlatformOnly(Scope.Read).Answers<Listing<FxRate>>().Says(
            "List exchange rates", "By base, quote and day; `from` and `to` are days, half-open.");
        rates.MapPut("", PutAsync).PlatformOnly().Answers<Listing<FxRate>>().Says(
            "Put exchange rates",
            "One rate, or up to 10,000 as `rates`; one `base` is `rate` of `quote` on `date`. Replaces those of the same pair and day. Costs in another currency "
            + "than the tenant's are converted by the rate of the day on which the usage happened, or the inverse of the opposite pair; without one the margin is unknown.",
            """{"base":"USD","quote":"EUR","date":"2026-03-01","rate":"0.92"}""");
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] PageQuery query, [Description("Only of this currency.")] string? @base, [Description("Only in this currency.")] string? quote,
        [Description("First day, such as 2026-03-01.")] string? from, [Description("First day after the last.")] string? to,
        NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        if (Day("from", from) is { Problem: { } wrongFrom }) return new ProblemAnswer(wrongFrom);
        if (Day("to", to) is { Problem: { } wrongTo }) return new ProblemAnswer(wrongTo);
        if (!TryReadAfter(page.Value.After, out var after)) return new ProblemAnswer(PageQuery.InvalidCursor);
        var rates = await FxRates.ListAsync(source, @base, quote, Day("from", from).Value, Day("to", to).Value, after, page.Value.Fetch, cancellationToken);
        return page.Value.Answer(rates, rate => $"{rate.Base} {rate.Quote} {Instants.DayText(rate.Date)}", rate => rate);
    }

    private static Task<IResult> PutAsync(Body<FxRatesBody> body, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InPlatformAsync(http, async platform =>
        {
            var wanted = body.Value.Read();
            if (wanted.Problem is { } problem) return problem;
            var put = await FxRates.PutAsync(platform, wanted.Value, cancellationToken);
            if (!put.Succeeded) return put.Problem!;
            await Audit.WriteAsync(platform.Connection, 0, platform.Now, platform.Actor, "fx_rates.put", null, new { Rates = put.Value.Count }, cancellationToken);
            return Answer.Ok(new Listing<FxRate>(put.Value, null));
        });

    private static Result<DateOnly?> Day(string field, string? text)
    {
        if (text is null) return (DateOnly?)null;
        return Instants.ReadDay(text) is { } day ? (DateOnly?)day : Problem.Field(field, "invalid_date", "Give a day as 2026-03-01.");
    }

    private static bool TryReadAfter(string text, out FxPlace? after)
    {
        after = null;
        if (text.Length == 0) return true;
        if (text.Split(' ') is not [{ Length: 3 } have, { Length: 3 } want, var date] || Instants.ReadDay(date) is not { } day) return false;
        after = new FxPlace(have, want, day);
        return true;
    }
}

/// <summary>Exchange rates to put: one, or several as <c>rates</c>.</summary>
public sealed record FxRatesBody
{
    /// <summary>The currency that is valued.</summary>
    public string? Base { get; init; }

    /// <summary>The currency it is valued in.</summary>
    public string? Quote { get; init; }

    /// <summary>The day.</summary>
    public DateOnly? Date { get; init; }

    /// <summary>How much of `quote` one of `base` is.</summary>
    public decimal? Rate { get; init; }

    /// <summary>Several, instead of the fields above.</summary>
    public IReadOnlyList<FxRate>? Rates { get; init; }

    internal Result<IReadOnlyList<FxRate>> Read()
    {
        if (Rates is not null)
        {
            return (Base, Quote, Date, Rate) is (null, null, null, null)
                ? Result.Of(Rates)
                : Problem.Field("rates", "invalid_field", "Send one rate or `rates`, not both.");
        }

        if (Base is null) return Missing("base");
        if (Quote is null) return Missing("quote");
        if (Date is not { } date) return Missing("date");
        return Rate is { } rate ? Result.Of<IReadOnlyList<FxRate>>([new FxRate(Base, Quote, date, rate)]) : Missing("rate");
    }

    private static Problem Missing(string field) => Problem.Field(field, "missing_field", $"The field '{field}' must have a value.");
}
