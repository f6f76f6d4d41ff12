using System.ComponentModel;
using Microsoft.AspNetCore.Mvc;
using Portal.Domain.Kernel;

namespace Portal.Web.Api.Http;

/// <summary>A period in a query, half-open.</summary>
/// <param name="From">The query's <c>from</c>.</param>
/// <param name="To">The query's <c>to</c>.</param>
public sealed record PeriodQuery(
    [property: FromQuery(Name = "from"), Description("First instant, RFC 3339.")] string? From,
    [property: FromQuery(Name = "to"), Description("First instant after the period, RFC 3339; default now.")] string? To)
{
    /// <summary>The instants that were given: <c>invalid_instant</c>, <c>invalid_period</c>.</summary>
    public Result<(DateTimeOffset? From, DateTimeOffset? To)> Read()
    {
        DateTimeOffset? from = null, to = null;
        if (From is not null)
        {
            if (!InstantJson.TryParse(From, out var instant)) return Invalid("from");
            from = instant;
        }

        if (To is not null)
        {
            if (!InstantJson.TryParse(To, out var instant)) return Invalid("to");
            to = instant;
        }

        return to <= from ? Problem.Field("to", "invalid_period", "The period must end after it begins.") : (from, to);
    }

    private static Problem Invalid(string field) =>
        Problem.Field(field, "invalid_instant", "Give an instant as RFC 3339 with its offset, such as 2026-03-01T10:15:00Z.");
}
