using System.Text.Json;
using Portal.Domain.Tenants;

namespace Portal.Web.Tests.Api;

/// <summary>Tenants, pools, teams, consumers, members and the audit, as a platform's backend uses them.</summary>
public sealed class TenantTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static IEnumerable<string?> Values(Reply reply, string name) =>
        reply.Json.GetProperty("items").EnumerateArray().Select(item => item.GetProperty(name).GetString());

    [Fact]
    public async Task A_new_tenant_has_defaults_a_wallet_and_a_shared_pool()
    {
        var client = host.Client();
        var made = (await client.SendAsync("PUT", "/v1/tenants/newcomer", """{"name":"Newcomer"}""")).ShouldBe(201);
        made.Headers.Location!.ToString().ShouldBe("/v1/tenants/newcomer");
        made.Json.GetProperty("currency").GetString().ShouldBe("USD");
        made.Json.GetProperty("time_zone").GetString().ShouldBe("UTC");
        made.Json.GetProperty("state").GetString().ShouldBe("active");
        made.Json.GetProperty("keep").GetArrayLength().ShouldBe(0);
        var id = made.Json.GetProperty("id").GetString();
        (await client.SendAsync("GET", $"/v1/tenants/{id}")).ShouldBe(200).Text.ShouldBe(made.Text);
        var pools = (await client.SendAsync("GET", $"/v1/tenants/{id}/pools")).ShouldBe(200);
        Values(pools, "key").ShouldBe(["shared"]);
        pools.Json.GetProperty("next_cursor").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task Put_replaces_all_but_currency_and_zone_when_they_are_absent()
    {
        var client = host.Client();
        (await client.SendAsync("PUT", "/v1/tenants/put", """{"name":"One","currency":"EUR","time_zone":"Europe/Berlin","keep":["a","b"]}""")).ShouldBe(201);
        var again = (await client.SendAsync("PUT", "/v1/tenants/put", """{"name":"Two"}""")).ShouldBe(200).Json;
        again.GetProperty("name").GetString().ShouldBe("Two");
        again.GetProperty("currency").GetString().ShouldBe("EUR");
        again.GetProperty("time_zone").GetString().ShouldBe("Europe/Berlin");
        again.GetProperty("keep").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task The_first_money_fixes_the_currency()
    {
        var client = host.Client();
        (await client.SendAsync("PUT", "/v1/tenants/money", """{"name":"Money","currency":"EUR"}""")).ShouldBe(201);
        (await client.SendAsync("PUT", "/v1/tenants/money", """{"name":"Money","currency":"JPY"}""")).ShouldBe(200);
        (await client.SendAsync("POST", "/v1/tenants/money/grants", """{"credits":"100","source":"purchase","value":"500"}""")).ShouldBe(201);
        (await client.SendAsync("PUT", "/v1/tenants/money", """{"name":"Money","currency":"EUR"}""")).ShouldBe(409, "currency_locked");
        (await client.SendAsync("PUT", "/v1/tenants/money", """{"name":"Money","currency":"JPY"}""")).ShouldBe(200)
            .Json.GetProperty("currency_locked").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task Suspending_and_restoring_may_be_repeated()
    {
        var tenant = await host.NewTenantAsync();
        foreach (var (call, state) in new[] { ("suspend", "suspended"), ("suspend", "suspended"), ("restore", "active"), ("restore", "active") })
            (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/{call}")).ShouldBe(200).Json.GetProperty("state").GetString().ShouldBe(state);
        var audit = await host.Client().SendAsync("GET", $"/v1/tenants/{tenant}/audit");
        Values(audit, "action").ShouldBe(["tenant.restored", "tenant.suspended", "tenant.created"], ignoreOrder: true);
        Values(audit, "actor").ShouldAllBe(actor => actor!.StartsWith("key:key_0_"));
    }

    [Fact]
    public async Task Lists_go_on_where_the_cursor_says()
    {
        var tenant = await host.NewTenantAsync();
        foreach (var key in new[] { "e", "a", "d", "b", "c" })
            (await host.Client().SendAsync("PUT", $"/v1/tenants/{tenant}/consumers/{key}", "{}")).ShouldBe(201);
        var (seen, cursor) = (new List<string?>(), "");
        for (var pages = 1; ; pages++)
        {
            var page = (await host.Client().SendAsync("GET", $"/v1/tenants/{tenant}/consumers?limit=2{cursor}")).ShouldBe(200);
            seen.AddRange(Values(page, "key"));
            if (page.Json.GetProperty("next_cursor").GetString() is not { } next)
            {
                pages.ShouldBe(3);
                break;
            }

            cursor = "&cursor=" + next;
        }

        seen.ShouldBe(["a", "b", "c", "d", "e"]);
    }

    [Fact]
    public async Task Pools_open_and_change_teams_and_consumers_name_them()
    {
        var tenant = await host.NewTenantAsync();
        var (client, path) = (host.Client(await host.NewKeyAsync(tenant, Scope.Manage, Scope.Read)), $"/v1/tenants/{tenant}");
        (await client.SendAsync("POST", path + "/pools", """{"key":"team-a","name":"Team A","kind":"team","overflow":"shared"}""")).ShouldBe(201);
        (await client.SendAsync("POST", path + "/pools", """{"key":"team-a","name":"Again"}""")).ShouldBe(409, "pool_exists");
        var patched = (await client.SendAsync("PATCH", path + "/pools/team-a", """{"overflow":null}""")).ShouldBe(200).Json;
        patched.GetProperty("overflow").GetString().ShouldBe("deny");
        patched.GetProperty("name").GetString().ShouldBe("Team A");
        (await client.SendAsync("PATCH", path + "/pools/team-a", """{"name":null}""")).ShouldBe(400, "invalid_name");
        (await client.SendAsync("PATCH", path + "/pools/none", """{"name":"x"}""")).ShouldBe(404, "unknown_pool");
        (await client.SendAsync("PATCH", path + "/pools/shared", """{"overflow":"shared"}""")).ShouldBe(400, "invalid_overflow");

        (await client.SendAsync("PUT", path + "/teams/a", """{"name":"A","pool":"none"}""")).ShouldBe(400, "unknown_pool");
        (await client.SendAsync("PUT", path + "/teams/a", """{"name":"A","pool":"team-a"}""")).ShouldBe(201).Json.GetProperty("pool").GetString().ShouldBe("team-a");
        (await client.SendAsync("PUT", path + "/teams/a", """{"name":"A"}""")).ShouldBe(200).Json.GetProperty("pool").ValueKind.ShouldBe(JsonValueKind.Null);

        (await client.SendAsync("PUT", path + "/consumers/ana", """{"team":"none"}""")).ShouldBe(400, "unknown_team");
        var ana = (await client.SendAsync("PUT", path + "/consumers/ana", """{"name":"Ana","pool":"team-a","team":"a"}""")).ShouldBe(201).Json;
        ana.GetProperty("team").GetString().ShouldBe("a");
        var bare = (await client.SendAsync("PUT", path + "/consumers/ana", "{}")).ShouldBe(200).Json;
        foreach (var name in new[] { "name", "pool", "team" }) bare.GetProperty(name).ValueKind.ShouldBe(JsonValueKind.Null);
        (await host.Database.ScalarAsync($"select count(*) from team_memberships m join tenants t using (tenant_id) where t.key = '{tenant}'")).ShouldBe(2L);
    }

    [Fact]
    public async Task Somebody_is_invited_by_mail_joins_and_leaves_but_the_last_owner_stays()
    {
        var tenant = await host.NewTenantAsync();
        var (client, path) = (host.Client(), $"/v1/tenants/{tenant}/members");
        (await client.SendAsync("POST", path, """{"email":"no address","role":"owner"}""")).ShouldBe(400, "invalid_email");
        (await client.SendAsync("POST", path, """{"email":"a@example.com","role":"king"}""")).ShouldBe(400, "invalid_role");
        var invited = (await client.SendAsync("POST", path, """{"email":"a@example.com","role":"owner"}""")).ShouldBe(201).Json;
        invited.GetProperty("status").GetString().ShouldBe("invited");
        (await client.SendAsync("POST", path, """{"email":"A@Example.com","role":"owner"}""")).ShouldBe(201)
            .Json.GetProperty("id").GetString().ShouldBe(invited.GetProperty("id").GetString());

        var mail = JsonElement.Parse((string)(await host.Database.ScalarAsync(
            $"select payload::text from outbox o join tenants t using (tenant_id) where t.key = '{tenant}' and kind = 'mail' order by id desc limit 1"))!);
        mail.GetProperty("to").GetString().ShouldBe("A@Example.com");
        var link = mail.GetProperty("text").GetString()!.Split('\n').Single(line => line.StartsWith("http", StringComparison.Ordinal));
        var invitation = Invitation.Parse(link[(link.IndexOf(Invitation.Path, StringComparison.Ordinal) + Invitation.Path.Length)..])!;
        var wallets = (Portal.Domain.Wallet.Wallets)host.Services.GetService(typeof(Portal.Domain.Wallet.Wallets))!;
        var user = Guid.CreateVersion7();
        var joined = await wallets.RunAsync(invitation.TenantId, wallet => Members.AcceptAsync(wallet, invitation, user, "a@example.com"));
        joined.Value.Role.ShouldBe(MemberRole.Owner);
        (await wallets.RunAsync(invitation.TenantId, wallet => Members.AcceptAsync(wallet, invitation, Guid.CreateVersion7(), "b@example.com")))
            .Problem!.Code.ShouldBe("invitation_invalid");

        var id = invited.GetProperty("id").GetString();
        (await client.SendAsync("POST", path, """{"email":"a@example.com","role":"member"}""")).ShouldBe(409, "already_member");
        (await client.SendAsync("PATCH", $"{path}/{id}", """{"role":"member"}""")).ShouldBe(409, "last_owner");
        (await client.SendAsync("DELETE", $"{path}/{id}")).ShouldBe(409, "last_owner");

        var admin = host.Client(await host.NewKeyAsync(tenant, Scope.Manage));
        (await admin.SendAsync("POST", path, """{"email":"c@example.com","role":"owner"}""")).ShouldBe(403, "role_required");
        (await admin.SendAsync("DELETE", $"{path}/{id}")).ShouldBe(403, "role_required");
        var other = (await admin.SendAsync("POST", path, """{"email":"c@example.com","role":"billing"}""")).ShouldBe(201).Json.GetProperty("id").GetString();
        (await admin.SendAsync("PATCH", $"{path}/{other}", """{"role":"admin"}""")).ShouldBe(200).Json.GetProperty("role").GetString().ShouldBe("admin");
        (await admin.SendAsync("DELETE", $"{path}/{other}")).ShouldBe(204);
        (await admin.SendAsync("DELETE", $"{path}/{other}")).ShouldBe(404, "unknown_member");
        (await admin.SendAsync("DELETE", $"{path}/mem_1_zz")).ShouldBe(404, "unknown_member");
        Values(await client.SendAsync("GET", path), "email").ShouldBe(["a@example.com"]);
    }

    [Fact]
    public async Task Companies_of_one_name_get_keys_of_their_own()
    {
        var onboarding = (Onboarding)host.Services.GetService(typeof(Onboarding))!;
        var keys = new List<string>();
        foreach (var name in new[] { "Café Größe & Söhne", "Cafe Große Söhne!", "日本", "O'Neil's" })
            keys.Add((await onboarding.CreateTenantAsync(Guid.CreateVersion7(), name, "x@example.com")).Value);
        keys[0].ShouldBe("cafe-gro-e-sohne");
        keys[1].ShouldBe("cafe-gro-e-sohne-2");
        keys[2].ShouldBe("company");
        keys[3].ShouldBe("oneils");
        (await host.Client().SendAsync("GET", $"/v1/tenants/{keys[1]}/members")).Json.GetProperty("items")[0].GetProperty("role").GetString().ShouldBe("owner");
        (await onboarding.CreateTenantAsync(Guid.CreateVersion7(), "  ", "x@example.com")).Problem!.Code.ShouldBe("invalid_name");
    }

    [Fact]
    public async Task The_document_describes_every_endpoint_and_its_page_asks_nobody_else()
    {
        var document = (await host.Client(key: null).SendAsync("GET", "/openapi/v1.json")).ShouldBe(200).Json;
        document.GetProperty("components").GetProperty("securitySchemes").EnumerateObject().Single().Value.GetProperty("scheme").GetString().ShouldBe("bearer");
        var operations = document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject()).ToList();
        operations.Count.ShouldBe(host.Endpoints.Count);
        operations.ShouldAllBe(operation => operation.Value.GetProperty("summary").GetString()!.Length > 0);
        document.GetRawText().ShouldContain("12.345000000");
        var page = (await host.Client(key: null).SendAsync("GET", "/docs/")).ShouldBe(200);
        page.Text.ShouldNotContain("https://");
    }
}
