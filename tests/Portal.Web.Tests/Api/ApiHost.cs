using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Portal.Testing;
using Portal.Web.Api;

namespace Portal.Web.Tests.Api;

/// <summary>The whole web application over a database of its own, with one platform key that may do all.</summary>
public sealed class ApiHost : IAsyncLifetime
{
    public const string PlatformKey = "test-platform-key";

    private readonly PostgresFixture postgres = new();
    private TestDatabase? database;
    private WebApplicationFactory<FirstPlatformKey>? factory;

    public TestDatabase Database => database!;

    public IServiceProvider Services => factory!.Services;

    /// <summary>Every endpoint under /v1.</summary>
    public IReadOnlyList<RouteEndpoint> Endpoints => Services.GetRequiredService<IEnumerable<EndpointDataSource>>()
        .SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
        .Where(endpoint => endpoint.RoutePattern.RawText!.TrimStart('/').StartsWith("v1/", StringComparison.Ordinal))
        .ToList();

    public async Task InitializeAsync()
    {
        await postgres.InitializeAsync();
        database = await postgres.CreateAsync();
        factory = new Factory(Settings(database));
        _ = factory.Server;
    }

    public async Task DisposeAsync()
    {
        if (factory is not null) await factory.DisposeAsync();
        if (database is not null) await database.DisposeAsync();
    }

    /// <summary>A client that carries the key; null carries none.</summary>
    public HttpClient Client(string? key = PlatformKey)
    {
        var client = factory!.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false, HandleCookies = false });
        if (key is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>A second node over the same database with a setting of its own; a client of it carries the platform's key.</summary>
    public WebApplicationFactory<FirstPlatformKey> With(string setting, string value) => factory!.WithWebHostBuilder(builder => builder.UseSetting(setting, value));

    /// <summary>A new tenant; its key.</summary>
    public async Task<string> NewTenantAsync(string currency = "USD")
    {
        var key = "t" + Guid.NewGuid().ToString("N")[..12];
        (await Client().SendAsync("PUT", $"/v1/tenants/{key}", $$"""{"name":"Test","currency":"{{currency}}"}""")).ShouldBe(201);
        return key;
    }

    /// <summary>A key with those scopes: the tenant's, or the platform's.</summary>
    public async Task<string> NewKeyAsync(string? tenant, params string[] scopes)
    {
        var path = tenant is null ? "/v1/api-keys" : $"/v1/tenants/{tenant}/api-keys";
        var answer = await Client().SendAsync("POST", path, JsonSerializer.Serialize(new { name = "Test", scopes }));
        answer.ShouldBe(201);
        return answer.Json.GetProperty("key").GetString()!;
    }

    /// <summary>Takes a table away until disposed, so that what reads it fails.</summary>
    public async Task<IAsyncDisposable> BreakAsync()
    {
        await RunAsOwnerAsync("alter table audit rename to audit_away");
        return new Repair(this);
    }

    private async Task RunAsOwnerAsync(string sql)
    {
        await using var connection = new Npgsql.NpgsqlConnection(Database.OwnerConnectionString);
        await connection.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private sealed class Repair(ApiHost host) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await host.RunAsOwnerAsync("alter table audit_away rename to audit");
    }

    internal static Dictionary<string, string?> Settings(TestDatabase database) => new(StringComparer.Ordinal)
    {
        ["ConnectionStrings:Portal"] = database.AppConnectionString,
        ["ConnectionStrings:PortalOwner"] = database.OwnerConnectionString,
        ["Portal:BootstrapPlatformKey"] = PlatformKey,
        ["Portal:Seed"] = "none",
        ["Portal:Jobs:InWeb"] = "false",
    };

    private sealed class Factory(Dictionary<string, string?> settings) : WebApplicationFactory<FirstPlatformKey>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Development");
            foreach (var (name, value) in settings) builder.UseSetting(name, value);
        }
    }
}

/// <summary>An answer with its body read.</summary>
public sealed record Reply(int Status, string Text, HttpResponseHeaders Headers, string? ContentType)
{
    public JsonElement Json => JsonElement.Parse(Text);

    public string Code => Json.GetProperty("code").GetString()!;

    /// <summary>The status is that one; else the body says why.</summary>
    public Reply ShouldBe(int status)
    {
        Status.ShouldBe(status, Text);
        return this;
    }

    /// <summary>A problem document of that status and code.</summary>
    public Reply ShouldBe(int status, string code)
    {
        Status.ShouldBe(status, Text);
        ContentType.ShouldBe("application/problem+json");
        Json.GetProperty("status").GetInt32().ShouldBe(status);
        Json.GetProperty("title").GetString().ShouldNotBeNullOrEmpty();
        Json.GetProperty("type").GetString().ShouldNotBeNullOrEmpty();
        Json.GetProperty("detail").GetString().ShouldNotBeNullOrEmpty();
        Code.ShouldBe(code, Text);
        return this;
    }
}

public static class Calls
{
    public static async Task<Reply> SendAsync(
        this HttpClient client, string method, string path, string? body = null, string? idempotencyKey = null, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, MediaTypeHeaderValue.Parse(contentType));
        if (idempotencyKey is not null) request.Headers.Add("Idempotency-Key", idempotencyKey);
        using var response = await client.SendAsync(request);
        return new Reply((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Headers, response.Content.Headers.ContentType?.MediaType);
    }

}
