using System.Globalization;
using System.Text;
using Npgsql;
using Portal.Domain.Data;

namespace Portal.Database.Tests.Properties;

/// <summary>A grant as the engine has it.</summary>
internal sealed record StoredGrant(
    Guid Id, string Pool, string Source, decimal Amount, decimal Remaining, decimal Value, decimal ValueLeft, int Priority, string? Products,
    DateTimeOffset EffectiveAt, DateTimeOffset? ExpiresAt)
{
    /// <summary>The terms, which tell which grant of the model it is.</summary>
    public string Terms => Describe(Pool, Source, Amount, Value, Priority, Products, EffectiveAt, ExpiresAt);

    public static string TermsOf(PlainGrant grant) => Describe(
        grant.Pool, grant.Source, grant.Amount, grant.Value, grant.Priority, grant.Products is null ? null : string.Join(',', grant.Products),
        grant.EffectiveAt, grant.ExpiresAt);

    private static string Describe(
        string pool, string source, decimal amount, decimal value, int priority, string? products, DateTimeOffset from, DateTimeOffset? until) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{source} of {amount:0.#########} worth {value:0.#########} in {pool}, priority {priority}, for {products ?? "any"}, {from.UtcDateTime:O} to {until?.UtcDateTime:O}");
}

/// <summary>Everything about one tenant that the model knows too, read in one round trip.</summary>
internal sealed class WalletSnapshot
{
    public required DateTimeOffset LastPosted { get; init; }

    public required IReadOnlyDictionary<string, decimal> Books { get; init; }

    public required IReadOnlyDictionary<string, decimal> Held { get; init; }

    public required IReadOnlyList<StoredGrant> Grants { get; init; }

    /// <summary>The billing period that runs: its beginning, credits sold beyond the grants, money accrued.</summary>
    public required (DateTimeOffset? StartsAt, decimal Overage, decimal Spend) Period { get; init; }

    /// <summary>State and credits of each hold.</summary>
    public required IReadOnlyDictionary<Guid, (string State, decimal Credits)> Holds { get; init; }

    /// <summary>What counts against each allowance, by consumer, pool, kind of period and its beginning.</summary>
    public required IReadOnlyList<(string Consumer, string Pool, string Period, DateTimeOffset Start, decimal Used)> Used { get; init; }

    /// <summary>All of it as text, to see whether anything changed.</summary>
    public string Text => string.Join('\n', Books.Select(book => $"{book.Key} {book.Value}").Concat(Held.Select(held => $"{held.Key} {held.Value}"))
        .Concat(Grants.Select(grant => grant.ToString())).Concat(Holds.Select(hold => hold.ToString())));

    /// <summary>The business clock, and each tenant's wallet.</summary>
    public static async Task<(DateTimeOffset Clock, IReadOnlyDictionary<long, WalletSnapshot> Wallets)> ReadAsync(NpgsqlDataSource source, long[] tenants)
    {
        await using var batch = source.CreateBatch();
        batch.Add("select clock_timestamp() + clock_offset from platform");
        batch.Add("select tenant_id, last_posted_at, period_starts_at, period_overage, period_spend from wallets where tenant_id = any($1)", tenants);
        batch.Add("select tenant_id, unit || ' ' || account, balance from ledger_accounts where tenant_id = any($1) and balance <> 0 order by 1, 2", tenants);
        batch.Add("select tenant_id, key, held from pools where tenant_id = any($1) order by 1, 2", tenants);
        batch.Add("select tenant_id, id, state, amount from holds where tenant_id = any($1) order by 1, 2", tenants);
        batch.Add("""
            select u.tenant_id, c.key, p.key, u.period, u.period_start, u.used
            from allowance_usage u join consumers c using (tenant_id, consumer_id) join pools p on p.tenant_id = u.tenant_id and p.pool_id = u.pool_id
            where u.tenant_id = any($1)
            """, tenants);
        batch.Add("""
            select g.tenant_id, g.id, p.key, g.source, g.amount, g.remaining, g.value, value_left(g.value, g.remaining, g.amount), g.priority,
                   array_to_string(g.products, ','), g.effective_at, g.expires_at
            from grants g join pools p using (tenant_id, pool_id) where tenant_id = any($1) order by g.tenant_id, g.id
            """, tenants);
        await using var reader = await batch.ExecuteReaderAsync();
        var clock = (await ReadAsync(reader, row => row.GetFieldValue<DateTimeOffset>(0)))[0];
        var posted = await NextAsync(reader, row => (Tenant: row.GetInt64(0), At: row.GetFieldValue<DateTimeOffset>(1),
            Period: (row.Nullable<DateTimeOffset?>(2), row.GetDecimal(3), row.GetDecimal(4))));
        var books = await NextAsync(reader, row => (Tenant: row.GetInt64(0), Name: row.GetString(1), Credits: row.GetDecimal(2)));
        var held = await NextAsync(reader, row => (Tenant: row.GetInt64(0), Name: row.GetString(1), Credits: row.GetDecimal(2)));
        var holds = await NextAsync(reader, row => (Tenant: row.GetInt64(0), Id: row.GetGuid(1), State: row.GetString(2), Credits: row.GetDecimal(3)));
        var used = await NextAsync(reader, row => (Tenant: row.GetInt64(0), Counter: (row.GetString(1), row.GetString(2), row.GetString(3), row.GetFieldValue<DateTimeOffset>(4), row.GetDecimal(5))));
        var grants = await NextAsync(reader, row => (Tenant: row.GetInt64(0), Grant: new StoredGrant(
            row.GetGuid(1), row.GetString(2), row.GetString(3), row.GetDecimal(4), row.GetDecimal(5), row.GetDecimal(6), row.GetDecimal(7), row.GetInt16(8),
            row.IsDBNull(9) ? null : row.GetString(9), row.GetFieldValue<DateTimeOffset>(10), row.IsDBNull(11) ? null : row.GetFieldValue<DateTimeOffset>(11))));
        return (clock, posted.ToDictionary(row => row.Tenant, row => new WalletSnapshot
        {
            LastPosted = row.At,
            Period = row.Period,
            Books = books.Where(book => book.Tenant == row.Tenant).ToDictionary(book => book.Name, book => book.Credits, StringComparer.Ordinal),
            Held = held.Where(pool => pool.Tenant == row.Tenant).ToDictionary(pool => pool.Name, pool => pool.Credits, StringComparer.Ordinal),
            Holds = holds.Where(hold => hold.Tenant == row.Tenant).ToDictionary(hold => hold.Id, hold => (hold.State, hold.Credits)),
            Used = [.. used.Where(counter => counter.Tenant == row.Tenant).Select(counter => counter.Counter)],
            Grants = [.. grants.Where(grant => grant.Tenant == row.Tenant).Select(grant => grant.Grant)],
        }));
    }

    /// <summary>What differs from the model, a line each; empty when they are equal. New grants of the model learn their ids.</summary>
    public string DifferencesFrom(PlainWallet model)
    {
        var text = new StringBuilder();
        foreach (var name in Books.Keys.Union(model.Books.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
            Compare(text, name, Books.GetValueOrDefault(name), model.Books.GetValueOrDefault(name));
        Compare(text, "overage of the period", Period.Overage, model.Period.Overage);
        Compare(text, "spend of the period", Period.Spend, model.Period.Spend);
        if (Period.StartsAt != model.Period.StartsAt) text.AppendLine(CultureInfo.InvariantCulture, $"  the period: the engine's began {Period.StartsAt:O}, the model's {model.Period.StartsAt:O}");
        foreach (var (pool, held) in Held) Compare(text, $"held of {pool}", held, model.Held(pool));
        foreach (var hold in model.Holds)
        {
            if (!Holds.TryGetValue(hold.Id, out var found) || found != (hold.State, hold.Credits))
                text.AppendLine(CultureInfo.InvariantCulture, $"  hold of {hold.Pool}: the engine has {found}, the model {(hold.State, hold.Credits)}");
        }

        foreach (var (consumer, pool, period, start, used) in Used)
            Compare(text, $"used by {consumer} of {pool} in the {period} from {start:u}", used, model.Used(consumer, pool, period, start));
        foreach (var stored in Grants) CompareGrant(text, stored, model);
        foreach (var grant in model.Grants.Where(grant => grant.Id is null)) text.AppendLine(CultureInfo.InvariantCulture, $"  the engine lacks the grant {StoredGrant.TermsOf(grant)}");
        return text.ToString();
    }

    private static void CompareGrant(StringBuilder text, StoredGrant stored, PlainWallet model)
    {
        var grant = model.Grants.FirstOrDefault(grant => grant.Id == stored.Id)
            ?? model.Grants.FirstOrDefault(grant => grant.Id is null && StoredGrant.TermsOf(grant) == stored.Terms);
        if (grant is null)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  the model lacks the grant {stored.Terms} with {stored.Remaining} left");
            return;
        }

        grant.Id = stored.Id;
        Compare(text, $"remaining of {stored.Terms}", stored.Remaining, grant.Remaining);
        Compare(text, $"value left of {stored.Terms}", stored.ValueLeft, grant.ValueLeft);
    }

    private static void Compare(StringBuilder text, string what, decimal engine, decimal model)
    {
        if (engine != model) text.AppendLine(CultureInfo.InvariantCulture, $"  {what}: the engine has {engine:0.#########}, the model {model:0.#########}");
    }

    private static async Task<List<T>> NextAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read)
    {
        await reader.NextResultAsync();
        return await ReadAsync(reader, read);
    }

    private static async Task<List<T>> ReadAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync()) rows.Add(read(reader));
        return rows;
    }
}
