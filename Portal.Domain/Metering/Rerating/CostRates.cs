using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Rerating;

/// <summary>What costs are in a tenant's currency, by the exchange rate of the day of use; unknown without one.</summary>
internal sealed class CostRates
{
    private const string Sql = """
        select base::text, quote::text, day, rate from fx_rates where quote = $1 or base = $1
        """;

    private readonly string currency;
    private readonly TimeZoneInfo zone;
    private readonly Dictionary<(string Currency, DateOnly Day), decimal> byDay = [];

    private CostRates(string currency, TimeZoneInfo zone) => (this.currency, this.zone) = (currency, zone);

    /// <summary>Reads the rates between the tenant's currency and others.</summary>
    public static async Task<CostRates> ReadAsync(NpgsqlConnection connection, WalletDirectory directory, CancellationToken cancellationToken)
    {
        var rates = new CostRates(directory.Currency, directory.Zone);
        var rows = await connection.ListAsync(
            Sql, row => (Base: row.GetString(0), Quote: row.GetString(1), Day: row.GetFieldValue<DateOnly>(2), Rate: row.GetDecimal(3)), cancellationToken, directory.Currency);
        foreach (var row in rows.Where(row => row.Base == directory.Currency)) rates.byDay[(row.Quote, row.Day)] = 1m / row.Rate;
        foreach (var row in rows.Where(row => row.Quote == directory.Currency)) rates.byDay[(row.Base, row.Day)] = row.Rate; // the pair goes before its inverse
        return rates;
    }

    /// <summary>A cost in the tenant's currency; null when it is unknown or no rate of that day is.</summary>
    public decimal? In(decimal? cost, string? of, DateTimeOffset occurredAt)
    {
        if (cost is null or 0m || of == currency) return cost;
        return of is not null && byDay.TryGetValue((of, zone.DateIn(occurredAt)), out var rate) ? cost * rate : null;
    }
}
