using System.Globalization;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Ledger;

/// <summary>Usage of one product that was booked in one hour of the tenant's clock.</summary>
/// <param name="Begins">When the hour begins.</param>
/// <param name="Product">What was used.</param>
/// <param name="Changes">Credits that left each pool, its debt counted against it; by the pool's key.</param>
/// <param name="Overage">Credits used beyond the grants that the next invoice charges.</param>
/// <param name="Bookings">How many transactions these are.</param>
public sealed record UsageHour(DateTimeOffset Begins, string Product, IReadOnlyDictionary<string, decimal> Changes, decimal Overage, long Bookings);

/// <summary>A line of the statement people read: one movement, or one product's usage of an hour.</summary>
/// <param name="Movement">The movement; null for usage.</param>
/// <param name="Usage">The usage; null for any other movement.</param>
/// <param name="Balance">Credits less debt after it, the hour's usage counted last; null when the statement leaves kinds out.</param>
public sealed record StatementLine(WalletMovement? Movement, UsageHour? Usage, decimal? Balance)
{
    /// <summary>Credits that came to (above 0) or left each pool.</summary>
    public IReadOnlyDictionary<string, decimal> Changes => Movement?.Changes ?? Usage!.Changes;

    /// <summary>Credits that came or left in all.</summary>
    public decimal Credits => Changes.Values.Sum();

    /// <summary>When: the hour's beginning for usage.</summary>
    public DateTimeOffset At => Movement?.At ?? Usage!.Begins;
}

/// <summary>One booking of an hour's usage.</summary>
/// <param name="Id">The transaction.</param>
/// <param name="At">When the ledger took it.</param>
/// <param name="Credits">Credits of the product that it drew.</param>
public sealed record UsageBooking(Guid Id, DateTimeOffset At, decimal Credits);

/// <summary>
/// Reads a wallet's statement with usage gathered by hour and product, newest hour first and in each hour usage first: a page costs the same
/// whether an hour has ten bookings or a hundred thousand transactions lie between two purchases.
/// </summary>
public static class HourlyStatement
{
    private const string UsageKind = "usage";

    // The newest hours that have usage, each found by one step down the index of kinds; $3: usage from below it, $7: so many hours.
    private const string Hours = """
        with recursive hours as (
          (select 1 as n, x.begins, uuid7_floor(x.begins) as low, $3::uuid as high from (
             select date_trunc('hour', t.posted_at, $6) as begins from ledger_transactions t
             where t.tenant_id = $1 and t.kind = 'usage' and t.id >= $2 and t.id < $3 order by t.id desc limit 1) x)
          union all
          (select h.n + 1, x.begins, uuid7_floor(x.begins), h.low from hours h cross join lateral (
             select date_trunc('hour', t.posted_at, $6) as begins from ledger_transactions t
             where t.tenant_id = $1 and t.kind = 'usage' and t.id >= $2 and t.id < h.low order by t.id desc limit 1) x
           where h.n < $7))
        select h.begins, h.low, d.product, p.key, coalesce(sum(d.to_credits - d.from_credits) filter (where d.kind <> 'overage'), 0),
          coalesce(sum(d.to_credits - d.from_credits) filter (where d.kind = 'overage'), 0), count(distinct d.transaction_id)
        from hours h
        left join lateral (
          select d.* from draws d join ledger_transactions t on t.tenant_id = d.tenant_id and t.id = d.transaction_id and t.kind = 'usage'
          where d.tenant_id = $1 and d.transaction_id >= greatest(h.low, $2) and d.transaction_id < h.high
            and ($5 = '' or d.pool_id = (select pool_id from pools where tenant_id = $1 and key = $5))) d on true
        left join pools p on p.tenant_id = d.tenant_id and p.pool_id = d.pool_id
        where $4::text[] is not null
        group by h.begins, h.low, d.product, p.key order by h.begins desc, d.product, p.key
        """;

    // What else moved credits, newest first: of each kind the newest, by the index of kinds, which are few and found by stepping over it.
    private const string Others = """
        with recursive accounts as (
          select p.key, a.account from pools p cross join lateral (values ('pool:' || p.key), ('debt:' || p.key)) a(account)
          where p.tenant_id = $1 and ($5 = '' or p.key = $5)),
        kinds as (
          select min(t.kind) as kind from ledger_transactions t where t.tenant_id = $1
          union all
          select (select min(t.kind) from ledger_transactions t where t.tenant_id = $1 and t.kind > k.kind) from kinds k where k.kind is not null),
        page as (
          select t.* from kinds k cross join lateral (
            select t.* from ledger_transactions t where t.tenant_id = $1 and t.kind = k.kind and t.id >= $2 and t.id < $3
              and exists (select from ledger_entries e where e.tenant_id = $1 and e.transaction_id = t.id and e.account in (select account from accounts))
            order by t.id desc limit $7) t
          where k.kind <> 'usage' and (cardinality($4::text[]) = 0 or k.kind = any($4))
          order by t.id desc limit $7)
        select t.id, t.kind, t.posted_at, t.reference, t.reason, t.actor, a.key, sum(e.amount), date_trunc('hour', t.posted_at, $6)
        from page t
        join ledger_entries e on e.tenant_id = $1 and e.transaction_id = t.id and e.unit = 'CREDIT'
        join accounts a on a.account = e.account
        group by t.id, t.kind, t.posted_at, t.reference, t.reason, t.actor, a.key
        order by t.id desc, a.key
        """;

    private const string BookingsOf = """
        select t.id, t.posted_at, sum(d.to_credits - d.from_credits)
        from ledger_transactions t join draws d on d.tenant_id = t.tenant_id and d.transaction_id = t.id
        where t.tenant_id = $1 and t.kind = 'usage' and t.id >= $2 and t.id < $3 and d.product = $4
        group by t.id, t.posted_at order by t.id desc limit $5
        """;

    private sealed record Cursor(Guid Usage, Guid Others, decimal? Balance);

    private sealed record Entry(DateTimeOffset Hour, WalletMovement? Movement, UsageHour? Usage);

    private sealed record Found(List<(DateTimeOffset Begins, Guid Low, List<UsageHour> Products)> Hours, List<Entry> Others);

    /// <summary>A page of the statement, and the cursor of the next; null: there is none. A page ends with whole hours of usage, so it may be a little longer than asked for.</summary>
    /// <param name="read">The tenant's snapshot.</param>
    /// <param name="filter">Which part; <see cref="StatementFilter.From"/> and <see cref="StatementFilter.To"/> at whole hours.</param>
    /// <param name="cursor">Where the page before ended; one that makes no sense begins at the newest.</param>
    /// <param name="limit">Lines of a page.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<(IReadOnlyList<StatementLine> Lines, string? Next)> ReadAsync(
        TenantRead read, StatementFilter filter, string? cursor, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(filter);
        var from = filter.From is { } first ? Uuid7.Floor(first) : Guid.Empty;
        var end = filter.To is { } to ? Uuid7.Floor(to) : Guid.AllBitsSet;
        var at = Parse(cursor) ?? new Cursor(end, end, Balance: null);
        var withBalance = filter.Kinds.Count == 0;
        decimal? balance = !withBalance ? null : at.Balance ?? await Statement.BalanceBeforeAsync(read, filter.Pool, end, cancellationToken);
        var found = await FindAsync(read, filter, from, at, limit, cancellationToken);

        // Beyond the last hour that was looked for, more usage may stand between the others.
        var horizon = found.Hours.Count > limit ? found.Hours[^1].Begins : (DateTimeOffset?)null;
        var entries = found.Hours.SelectMany(hour => hour.Products.Select(usage => new Entry(hour.Begins, null, usage)))
            .Concat(found.Others.Where(other => horizon is null || other.Hour >= horizon))
            .OrderByDescending(entry => entry.Hour).ThenBy(entry => entry.Usage is null).ToList();
        var taken = entries.Take(limit).Concat(entries.Skip(limit).TakeWhile(entry => entry.Usage is not null && entry.Hour == entries[limit - 1].Hour)).ToArray();
        var lines = new List<StatementLine>(taken.Length);
        foreach (var entry in taken)
        {
            lines.Add(new StatementLine(entry.Movement, entry.Usage, balance));
            balance -= lines[^1].Credits;
        }

        var more = taken.Length < entries.Count || horizon is not null || found.Others.Count > limit;
        return (lines, more ? Next(taken, found, at, balance, all: taken.Length == entries.Count) : null);
    }

    /// <summary>The bookings of an hour's usage, newest first.</summary>
    public static Task<List<UsageBooking>> BookingsAsync(
        TenantRead read, DateTimeOffset hour, string product, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        return read.Connection.ListAsync(
            BookingsOf, row => new UsageBooking(row.GetGuid(0), row.GetFieldValue<DateTimeOffset>(1), row.GetDecimal(2)), cancellationToken,
            read.TenantId, Uuid7.Floor(hour), Uuid7.Floor(hour.AddHours(1)), product, limit);
    }

    private static string Next(Entry[] taken, Found found, Cursor at, decimal? balance, bool all)
    {
        var usage = all && found.Hours.Count > 0
            ? found.Hours[^1].Low
            : found.Hours.Where(hour => taken.Length > 0 && hour.Begins >= taken[^1].Hour).Select(hour => (Guid?)hour.Low).LastOrDefault() ?? at.Usage;
        var others = taken.LastOrDefault(entry => entry.Movement is not null)?.Movement!.Id ?? at.Others;
        return string.Create(CultureInfo.InvariantCulture, $"{usage:N}_{others:N}_{balance}");
    }

    private static async Task<Found> FindAsync(
        TenantRead read, StatementFilter filter, Guid from, Cursor at, int limit, CancellationToken cancellationToken)
    {
        var found = new Found([], []);
        var (kinds, pool, zone) = (filter.Kinds.ToArray(), filter.Pool ?? "", read.Zone.Id);
        var withUsage = kinds.Length == 0 || Array.IndexOf(kinds, UsageKind) >= 0;
        await using var batch = new NpgsqlBatch(read.Connection);
        if (withUsage) batch.Add(Hours, read.TenantId, from, at.Usage, kinds, pool, zone, limit + 1);
        batch.Add(Others, read.TenantId, from, at.Others, kinds, pool, zone, limit + 1);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (withUsage)
        {
            while (await reader.ReadAsync(cancellationToken)) AddUsage(found, reader);
            await reader.NextResultAsync(cancellationToken);
        }

        while (await reader.ReadAsync(cancellationToken)) AddOther(found, reader);
        return found;
    }

    private static void AddUsage(Found found, NpgsqlDataReader row)
    {
        var begins = row.GetFieldValue<DateTimeOffset>(0);
        if (found.Hours.Count == 0 || found.Hours[^1].Begins != begins) found.Hours.Add((begins, row.GetGuid(1), []));
        if (row.IsDBNull(2)) return; // usage that drew no credits
        var products = found.Hours[^1].Products;
        if (products.Count == 0 || products[^1].Product != row.GetString(2))
            products.Add(new UsageHour(begins, row.GetString(2), new Dictionary<string, decimal>(StringComparer.Ordinal), 0m, 0));
        ((Dictionary<string, decimal>)products[^1].Changes)[row.GetString(3)] = -row.GetDecimal(4);
        products[^1] = products[^1] with { Overage = products[^1].Overage + row.GetDecimal(5), Bookings = Math.Max(products[^1].Bookings, row.GetInt64(6)) };
    }

    private static void AddOther(Found found, NpgsqlDataReader row)
    {
        var id = row.GetGuid(0);
        if (found.Others.Count == 0 || found.Others[^1].Movement!.Id != id)
        {
            var changes = new Dictionary<string, decimal>(StringComparer.Ordinal);
            found.Others.Add(new Entry(row.GetFieldValue<DateTimeOffset>(8), new WalletMovement(
                id, row.GetString(1), row.GetFieldValue<DateTimeOffset>(2), row.Nullable<string>(3), row.Nullable<string>(4), row.Nullable<string>(5), changes), Usage: null));
        }

        ((Dictionary<string, decimal>)found.Others[^1].Movement!.Changes)[row.GetString(6)] = row.GetDecimal(7);
    }

    private static Cursor? Parse(string? cursor)
    {
        if (cursor?.Split('_') is not [var usage, var others, var balance] || !Guid.TryParseExact(usage, "N", out var low) || !Guid.TryParseExact(others, "N", out var last)) return null;
        return new Cursor(low, last, decimal.TryParse(balance, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var left) ? left : null);
    }
}
