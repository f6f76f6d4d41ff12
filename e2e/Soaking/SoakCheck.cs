using System.Globalization;
using Npgsql;
using Portal.E2E.Running;

namespace Portal.E2E.Soaking;

/// <summary>Holds the books against what was answered; what is wrong becomes a fault.</summary>
internal sealed class SoakCheck(PortalApp portal, PlatformApi api, Book book, Caller caller, string[] tenants)
{
    private const int RepeatedAtOnce = 500, Repeats = 20;

    public async Task RunAsync(Random random)
    {
        await RepeatAsync(random);
        await using (var server = await portal.JoinDatabaseAsync())
        {
            await using var connection = new NpgsqlConnection(server.OwnerConnectionString);
            await connection.OpenAsync();
            await EventsAsync(connection);
            await CountAsync(connection, "holds", book.Counts.Holds.Value, "select count(*) from holds h join tenants t using (tenant_id) where t.key like 'soak-%'");
            await CountAsync(connection, "captures", book.Counts.Captures.Value,
                "select count(*) from holds h join tenants t using (tenant_id) where t.key like 'soak-%' and h.state = 'captured'");
            await CountAsync(connection, "identities", book.Entries.Count(entry => entry.IsStored),
                "select count(*) from event_identities e join tenants t using (tenant_id) where t.key like 'soak-%'");
            await CountAsync(connection, "credits held", 0,
                "select count(*) from pools p join tenants t using (tenant_id) where t.key like 'soak-%' and p.held <> (select coalesce(sum(h.amount), 0) from holds h where h.tenant_id = p.tenant_id and h.pool_id = p.pool_id and h.state = 'open')");
            await CountAsync(connection, "grants", book.Counts.Grants.Value,
                "select count(*) from grants g join tenants t using (tenant_id) where t.key like 'soak-%'");
            await SettledAsync(connection);
        }

        foreach (var tenant in tenants) await BalanceAsync(tenant);
        await BooksAsync();
    }

    private async Task RepeatAsync(Random random)
    {
        var senders = new Senders(caller, book, () => tenants[0]);
        for (var i = 0; i < Repeats; i++)
        {
            var again = Enumerable.Range(0, RepeatedAtOnce).Select(_ => book.Any(random)).OfType<Entry>().Distinct().ToArray();
            if (again.Length > 0) await senders.RepeatAsync(again);
        }
    }

    /// <summary>Every acknowledged event is stored, once; what is stored was sent.</summary>
    private async Task EventsAsync(NpgsqlConnection connection)
    {
        const string sql = """
            select e.source, e.event_id, t.key, count(*) from events e join tenants t using (tenant_id) where t.key like 'soak-%' group by 1, 2, 3
            """;
        var stored = new Dictionary<(string Source, string Id), string>();
        await using (var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 300 })
        await using (var rows = await command.ExecuteReaderAsync())
        {
            while (await rows.ReadAsync())
            {
                var (key, tenant) = ((rows.GetString(0), rows.GetString(1)), rows.GetString(2));
                if (rows.GetInt64(3) != 1 || !stored.TryAdd(key, tenant)) book.Fault($"Event {key} is stored {rows.GetInt64(3)} times for {tenant}.");
            }
        }

        foreach (var entry in book.Entries)
        {
            var there = stored.Remove((entry.Sent.Source, entry.Sent.Id), out var tenant);
            if (there && tenant != entry.Sent.Tenant) book.Fault($"Event {entry.Sent.Id} of {entry.Sent.Tenant} is stored for {tenant}.");
            if (!there && entry.IsAcknowledged) book.Fault($"Event {entry.Sent.Id} of {entry.Sent.Tenant} was acknowledged and is lost.");
            entry.IsStored = there;
        }

        foreach (var unknown in stored) book.Fault($"Event {unknown.Key} of {unknown.Value} is stored and was never sent.");
    }

    private async Task CountAsync(NpgsqlConnection connection, string what, long told, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        var stored = (long)(await command.ExecuteScalarAsync())!;
        if (stored != told) book.Fault(string.Create(CultureInfo.InvariantCulture, $"{told} {what} were answered and {stored} are stored."));
    }

    /// <summary>What fell due is done by the jobs, though they were killed at their work.</summary>
    private async Task SettledAsync(NpgsqlConnection connection)
    {
        try
        {
            await Eventually.FindAsync<object>(
                "end of holds that expired",
                async () =>
                {
                    await using var command = new NpgsqlCommand("select 1 where not exists (select 1 from holds where state = 'open')", connection);
                    return await command.ExecuteScalarAsync();
                },
                TimeSpan.FromMinutes(3));
        }
        catch (TimeoutException e)
        {
            book.Fault($"The jobs do not settle: {e.Message}");
        }
    }

    /// <summary>What is left is what was granted less what the stored events come to, and so says the usage.</summary>
    private async Task BalanceAsync(string tenant)
    {
        var standing = book.Entries.Where(entry => entry.IsStored && entry.Sent.Tenant == tenant).Select(entry => entry.Stands).OfType<SoakEvent>().ToArray();
        var used = Prices.Of(standing);
        var balance = await api.BalanceAsync(tenant);
        if (balance != book.Granted[tenant] - used) book.Fault($"{tenant} has {balance}, not {book.Granted[tenant]} - {used}.");
        await UsageAsync(tenant, standing, used);
    }

    private async Task UsageAsync(string tenant, SoakEvent[] standing, decimal used)
    {
        string Hour(int days) => DateTimeOffset.UtcNow.AddDays(days).ToString("yyyy-MM-dd'T'00:00:00Z", CultureInfo.InvariantCulture);
        var usage = await api.GetAsync($"v1/tenants/{tenant}/usage?from={Hour(-30)}&to={Hour(2)}&group_by=product");
        var (events, credits) = (usage["totals"]!["events"]!.GetValue<long>(), Figure.Of(usage["totals"]!["credits"]));
        if (events != standing.Length || credits != used)
            book.Fault(string.Create(CultureInfo.InvariantCulture, $"The usage of {tenant} says {events} events and {credits} credits, not {standing.Length} and {used}."));
        var cost = usage["rows"]!.AsArray().Where(row => row!["product"]?.GetValue<string>().StartsWith("soak", StringComparison.Ordinal) ?? false).Sum(row => Figure.Of(row!["cost"]));
        var paid = book.Entries.Where(entry => entry.IsStored && entry.Sent.Tenant == tenant && entry.Costs is not null).Sum(entry => Prices.Cost(entry.Costs!.Work));
        if (cost != paid) book.Fault(string.Create(CultureInfo.InvariantCulture, $"The usage of {tenant} says that it cost {cost}, not {paid}."));
    }

    private async Task BooksAsync()
    {
        try
        {
            using var patient = api.With(TimeSpan.FromMinutes(10));
            await patient.BooksShouldBalanceAsync();
        }
        catch (Exception e) when (e is ShouldAssertException or HttpRequestException or OperationCanceledException)
        {
            book.Fault($"The books do not balance: {e.Message}");
        }
    }
}
