using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Tests.Api;

/// <summary>Who may call what: every endpoint that exists is walked, so a new one cannot be forgotten.</summary>
public sealed class AccessTests(ApiHost host) : IClassFixture<ApiHost>
{
    private IEnumerable<(string Method, string Path, ApiAccess? Access, RouteEndpoint Endpoint)> Walk(string tenant) =>
        from endpoint in host.Endpoints
        from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []
        let path = string.Join('/', endpoint.RoutePattern.PathSegments.Select(segment => string.Concat(segment.Parts.Select(part => part switch
        {
            RoutePatternLiteralPart literal => literal.Content,
            RoutePatternSeparatorPart separator => separator.Content,
            RoutePatternParameterPart { Name: "tenant" } => tenant,
            _ => "x",
        }))))
        select (method, "/" + path, endpoint.Metadata.GetMetadata<ApiAccess>(), endpoint);

    private static string? BodyOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is null ? null : "{}";

    private static string TypeOf(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<IAcceptsMetadata>()?.ContentTypes[0] ?? "application/json";

    [Fact]
    public void Every_endpoint_says_who_may_call_it()
    {
        var endpoints = Walk("acme").ToList();
        endpoints.Count.ShouldBeGreaterThan(20);
        endpoints.Where(call => call.Access is null).Select(call => $"{call.Method} {call.Path}").ShouldBeEmpty();
        endpoints.Where(call => !Scope.All.Contains(call.Access!.Scope)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_a_key_or_with_a_wrong_one_nothing_answers()
    {
        var tenant = await host.NewTenantAsync();
        foreach (var key in new[] { null, "pk_wrong", "tk_1_2_3", "tk_1_0199aaaaaaaa7000800000000000000a_00", new string('a', 600) })
        {
            foreach (var call in Walk(tenant))
            {
                var reply = await host.Client(key).SendAsync(call.Method, call.Path, BodyOf(call.Endpoint), contentType: TypeOf(call.Endpoint));
                reply.ShouldBe(401, "unauthenticated");
                reply.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer");
            }
        }
    }

    [Fact]
    public async Task A_key_without_the_scope_is_refused_everywhere()
    {
        var tenant = await host.NewTenantAsync();
        foreach (var scope in Scope.All)
        {
            var others = Scope.All.Where(other => other != scope).ToArray();
            var client = host.Client(await host.NewKeyAsync(tenant: null, others));
            foreach (var call in Walk(tenant).Where(call => call.Access!.Scope == scope))
                (await client.SendAsync(call.Method, call.Path, BodyOf(call.Endpoint), contentType: TypeOf(call.Endpoint))).ShouldBe(403, "missing_scope");
        }
    }

    [Fact]
    public async Task A_tenants_key_is_refused_for_another_tenant_that_exists_or_not()
    {
        var (own, other) = (await host.NewTenantAsync(), await host.NewTenantAsync());
        await host.Database.ScalarAsync("update platform set tenant_keys_write_usage = true");
        var client = host.Client(await host.NewKeyAsync(own, Scope.UsageWrite, Scope.HoldsWrite, Scope.Read, Scope.Manage));
        var answers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tenant in new[] { other, "no-such-tenant", "ten_ffff" })
        {
            foreach (var call in Walk(tenant).Where(call => call.Endpoint.RoutePattern.GetParameter("tenant") is not null))
            {
                var reply = await client.SendAsync(call.Method, call.Path, BodyOf(call.Endpoint), contentType: TypeOf(call.Endpoint));
                reply.ShouldBe(403, call.Access!.PlatformOnly ? "platform_key_required" : "other_tenant");
                if (!call.Access.PlatformOnly) answers.Add(reply.Text);
            }
        }

        answers.Count.ShouldBe(1); // the words do not tell whether the tenant exists
        (await client.SendAsync("GET", $"/v1/tenants/{own}")).ShouldBe(200);
        (await client.SendAsync("GET", "/v1/tenants")).Json.GetProperty("items").EnumerateArray().Select(t => t.GetProperty("key").GetString()).ShouldBe([own]);
    }

    [Fact]
    public async Task An_unknown_tenant_is_404_for_a_platform_key()
    {
        foreach (var tenant in new[] { "no-such-tenant", "ten_ffff", "Not%20A%20Key" })
        {
            foreach (var call in Walk(tenant).Where(call => call.Endpoint.RoutePattern.GetParameter("tenant") is not null
                && call.Endpoint.Metadata.GetMetadata<MakesTenant>() is null))
            {
                (await host.Client().SendAsync(call.Method, call.Path, BodyOf(call.Endpoint), contentType: TypeOf(call.Endpoint))).ShouldBe(404, "unknown_tenant");
            }
        }
    }

    [Fact]
    public async Task What_only_the_platform_may_do_is_refused_to_tenants()
    {
        var tenant = await host.NewTenantAsync();
        var client = host.Client(await host.NewKeyAsync(tenant, Scope.Read, Scope.Manage, Scope.HoldsWrite));
        var calls = Walk(tenant).Where(call => call.Access!.PlatformOnly).ToList();
        calls.Count.ShouldBeGreaterThan(3);
        foreach (var call in calls)
            (await client.SendAsync(call.Method, call.Path, BodyOf(call.Endpoint), contentType: TypeOf(call.Endpoint))).ShouldBe(403, "platform_key_required");
    }

    [Fact]
    public async Task A_cookie_is_no_key()
    {
        var client = host.Client(key: null);
        client.DefaultRequestHeaders.Add("Cookie", "portal=anything");
        (await client.SendAsync("GET", "/v1/tenants")).ShouldBe(401, "unauthenticated");
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Basic {ApiHost.PlatformKey}");
        (await client.SendAsync("GET", "/v1/tenants")).ShouldBe(401, "unauthenticated");
    }

    [Fact]
    public async Task A_revoked_key_is_refused_at_once_and_its_use_was_noted()
    {
        var tenant = await host.NewTenantAsync();
        var client = host.Client(await host.NewKeyAsync(tenant, Scope.Read, Scope.Manage));
        var keys = (await client.SendAsync("GET", $"/v1/tenants/{tenant}/api-keys")).ShouldBe(200).Json.GetProperty("items");
        keys.GetArrayLength().ShouldBe(1);
        keys[0].GetProperty("last_used_at").ValueKind.ShouldBe(JsonValueKind.String);
        keys[0].TryGetProperty("key", out _).ShouldBeFalse();
        (await client.SendAsync("DELETE", $"/v1/tenants/{tenant}/api-keys/{keys[0].GetProperty("id").GetString()}")).ShouldBe(204);
        (await client.SendAsync("GET", $"/v1/tenants/{tenant}")).ShouldBe(401, "unauthenticated");
    }

    [Fact]
    public async Task A_key_makes_no_key_that_may_more_than_itself()
    {
        var tenant = await host.NewTenantAsync();
        await host.Database.ScalarAsync("update platform set tenant_keys_write_usage = false");
        var path = $"/v1/tenants/{tenant}/api-keys";
        var client = host.Client(await host.NewKeyAsync(tenant, Scope.Manage));
        (await client.SendAsync("POST", path, """{"name":"a","scopes":["manage"]}""")).ShouldBe(201);
        (await client.SendAsync("POST", path, """{"name":"a","scopes":["manage","read"]}""")).ShouldBe(403, "scope_exceeded");
        (await host.Client().SendAsync("POST", path, """{"name":"a","scopes":["admin"]}""")).ShouldBe(422, "scope_not_allowed");
        (await host.Client().SendAsync("POST", path, """{"name":"a","scopes":["usage:write"]}""")).ShouldBe(422, "scope_not_allowed");
        (await host.Client().SendAsync("POST", path, """{"name":"a","scopes":["everything"]}""")).ShouldBe(400, "invalid_scopes");
        (await host.Client().SendAsync("POST", path, """{"name":"a","scopes":[]}""")).ShouldBe(400, "invalid_scopes");
        var limited = host.Client(await host.NewKeyAsync(tenant: null, Scope.Admin, Scope.Read));
        (await limited.SendAsync("POST", "/v1/api-keys", """{"name":"a","scopes":["usage:write"]}""")).ShouldBe(403, "scope_exceeded");
    }

    [Fact]
    public async Task Keys_are_stored_hashed_even_where_answers_are_kept()
    {
        var tenant = await host.NewTenantAsync();
        var path = $"/v1/tenants/{tenant}/api-keys";
        var made = await host.Client().SendAsync("POST", path, """{"name":"a","scopes":["read"]}""", idempotencyKey: "once");
        var text = made.ShouldBe(201).Json.GetProperty("key").GetString()!;
        var again = await host.Client().SendAsync("POST", path, """{"name":"a","scopes":["read"]}""", idempotencyKey: "once");
        again.ShouldBe(201).Json.GetProperty("key").ValueKind.ShouldBe(JsonValueKind.Null);
        again.Json.GetProperty("id").GetString().ShouldBe(made.Json.GetProperty("id").GetString());
        var secret = text.Split('_')[^1];
        (await host.Database.ScalarAsync($"select count(*) from idempotency_keys where body like '%{secret}%'")).ShouldBe(0L);
        (await host.Database.ScalarAsync($"select count(*) from api_keys where position('{secret}' in encode(hash, 'escape')) > 0")).ShouldBe(0L);
    }
}
