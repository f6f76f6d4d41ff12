using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using Npgsql;
using Portal.Bench.Intake;

namespace Portal.Bench.Running;

/// <summary>A portal of the benchmark's own: a database, and Portal.Web as a process on it.</summary>
internal sealed class PortalUnderTest : IAsyncDisposable
{
    /// <summary>The hot tenant: the first of all.</summary>
    public const string HotTenant = "t0000";

    /// <summary>Tenants t0000, t0001, ….</summary>
    public const int Tenants = 1000;

    private const string BootstrapKey = "bench-platform-key";

    private readonly BenchServer server;
    private Process? web;

    private PortalUnderTest(BenchServer server, string database)
    {
        this.server = server;
        Database = database;
        Address = new Uri($"http://localhost:{FreePort().ToString(CultureInfo.InvariantCulture)}");
    }

    /// <summary>Its database on the server.</summary>
    public string Database { get; }

    public Uri Address { get; }

    /// <summary>Processor time that the server has used.</summary>
    public TimeSpan Processor
    {
        get
        {
            web!.Refresh();
            return web.TotalProcessorTime;
        }
    }

    public int ProcessId => web!.Id;

    /// <summary>Bytes of memory that are the server's own: its working set without what it maps from files.</summary>
    public long Memory
    {
        get
        {
            var line = File.ReadLines($"/proc/{ProcessId}/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
            return long.Parse(line["RssAnon:".Length..^"kB".Length].Trim(), CultureInfo.InvariantCulture) * 1024;
        }
    }

    /// <summary>A portal with the tenants and the catalogue of the load.</summary>
    public static async Task<PortalUnderTest> StartAsync(BenchServer server, string database)
    {
        var portal = await StartEmptyAsync(server, database, seed: "none");
        await portal.PrepareAsync();
        return portal;
    }

    /// <summary>A portal as it comes.</summary>
    /// <param name="server">Where its database is made.</param>
    /// <param name="database">The database's name.</param>
    /// <param name="seed"><c>demo</c> or <c>none</c>.</param>
    /// <param name="settings">More of the process's environment.</param>
    public static async Task<PortalUnderTest> StartEmptyAsync(BenchServer server, string database, string seed, IReadOnlyDictionary<string, string>? settings = null)
    {
        await server.CreateAsync(database);
        var portal = new PortalUnderTest(server, database);
        try
        {
            await portal.StartWebAsync(seed, settings ?? new Dictionary<string, string>(StringComparer.Ordinal));
            return portal;
        }
        catch
        {
            await portal.DisposeAsync();
            throw;
        }
    }

    /// <summary>Usage of a shape, sent to this portal.</summary>
    public EventLoad Load(LoadShape shape, bool randomIds = false) => new(Address, BootstrapKey, shape, randomIds);

    /// <summary>Speaks to the API as the platform.</summary>
    public HttpClient OpenApi()
    {
        var client = new HttpClient { BaseAddress = Address };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", BootstrapKey);
        return client;
    }

    /// <summary>Events that it holds.</summary>
    public async Task<long> StoredAsync()
    {
        await using var source = NpgsqlDataSource.Create(server.Owner(Database));
        await using var command = source.CreateCommand("select count(*) from event_identities");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Fails unless the database holds each acknowledged event once and the books balance.</summary>
    public async Task CheckAsync(long acknowledged)
    {
        await using var source = NpgsqlDataSource.Create(server.Owner(Database));
        await using var command = source.CreateCommand("""
            select (select count(*) from events), (select count(*) from event_identities), (select sum(events) from usage_hourly)::bigint,
              (select sum(credits) from events) = (select sum(balance) from ledger_accounts where account = 'consumed:llm')
            """);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var (events, identities, rolled, balanced) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetBoolean(3));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  acknowledged {acknowledged:N0}, stored {events:N0}, identities {identities:N0}, in rollups {rolled:N0}, ledger equal: {balanced}"));
        if (acknowledged != events || events != identities || events != rolled || !balanced) throw new InvalidOperationException("The run was not correct; its speed means nothing.");
    }

    public async ValueTask DisposeAsync()
    {
        if (web is { HasExited: false })
        {
            web.Kill(entireProcessTree: true);
            await web.WaitForExitAsync();
        }

        web?.Dispose();
    }

    private async Task StartWebAsync(string seed, IReadOnlyDictionary<string, string> settings)
    {
        var assembly = Path.Combine(AppContext.BaseDirectory, "Portal.Web.dll");
        var start = new ProcessStartInfo("dotnet", ["exec", assembly]) { WorkingDirectory = Path.GetDirectoryName(assembly), RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["ASPNETCORE_URLS"] = Address.ToString();
        start.Environment["ConnectionStrings__Portal"] = server.App(Database);
        start.Environment["ConnectionStrings__PortalOwner"] = server.Owner(Database);
        start.Environment["Portal__DataDirectory"] = Path.Combine(server.Directory, Database);
        start.Environment["Portal__BootstrapPlatformKey"] = BootstrapKey;
        start.Environment["Portal__Seed"] = seed;
        start.Environment["Serilog__MinimumLevel__Default"] = "Warning";
        foreach (var (name, value) in settings) start.Environment[name] = value;
        web = Process.Start(start) ?? throw new InvalidOperationException("The portal did not start.");
        web.OutputDataReceived += (_, _) => { };
        web.BeginOutputReadLine();
        using var client = new HttpClient { BaseAddress = Address };
        for (var i = 0; i < 300; i++)
        {
            if (web.HasExited) throw new InvalidOperationException($"The portal ended with {web.ExitCode}.");
            try
            {
                using var response = await client.GetAsync(new Uri("/health/ready", UriKind.Relative));
                if (response.IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(200);
        }

        throw new InvalidOperationException("The portal was not ready within a minute.");
    }

    // The catalogue of the load: one model, priced in credits and in cost, and grants that outlast the run.
    private async Task PrepareAsync()
    {
        using var client = OpenApi();
        await SendAsync(client, HttpMethod.Put, "/v1/meters/llm", """
            {"event_type":"llm.completion","product":"llm","aggregation":"sum","dimensions":["model","tier"],"defaults":{"tier":"standard"},
             "quantities":[{"property":"input_tokens","set":{"token_type":"input"}},{"property":"output_tokens","set":{"token_type":"output"}}]}
            """);
        await SendAsync(client, HttpMethod.Put, "/v1/rate-cards/default", """{"name":"Default"}""");
        await SendAsync(client, HttpMethod.Post, "/v1/rate-cards/default/versions", Rates("CREDIT", "0.375", "1.5"));
        await SendAsync(client, HttpMethod.Put, "/v1/cost-cards/vendor", """{"name":"Vendor"}""");
        await SendAsync(client, HttpMethod.Post, "/v1/cost-cards/vendor/versions", Rates("USD", "0.0025", "0.01"));
        await Parallel.ForEachAsync(Enumerable.Range(0, Tenants), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
        {
            var tenant = string.Create(CultureInfo.InvariantCulture, $"/v1/tenants/t{i:0000}");
            await SendAsync(client, HttpMethod.Put, tenant, """{"name":"Bench","currency":"USD"}""");
            for (var grant = 0; grant < (i == 0 ? 3 : 1); grant++)
                await SendAsync(client, HttpMethod.Post, tenant + "/grants", """{"credits":"1000000000","source":"purchase","value":"9000000.00","currency":"USD"}""");
        });
    }

    private static string Rates(string unit, string input, string output) => $$$"""
        {"effective_at":"2020-01-01T00:00:00Z","rates":[
          {"meter":"llm","match":{"model":"gpt-4o","token_type":"input"},"unit":"{{{unit}}}","price":{"model":"per_unit","amount":"{{{input}}}","per":"1000"}},
          {"meter":"llm","match":{"model":"gpt-4o","token_type":"output"},"unit":"{{{unit}}}","price":{"model":"per_unit","amount":"{{{output}}}","per":"1000"}}]}
        """;

    private static async Task SendAsync(HttpClient client, HttpMethod method, string path, string json)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json") };
        using var response = await client.SendAsync(request);
        if (!response.IsSuccessStatusCode) throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
