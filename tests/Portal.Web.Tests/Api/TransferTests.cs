using Portal.Domain.Tenants;

namespace Portal.Web.Tests.Api;

public sealed class TransferTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Credits_move_between_pools_and_a_repeat_moves_nothing()
    {
        var (client, path) = await TenantAsync();
        const string body = """{"from":"shared","to":"team-a","credits":"2.5"}""";
        var moved = (await client.SendAsync("POST", path + "/transfers", body, idempotencyKey: "once")).ShouldBe(201).Json;

        moved.GetProperty("id").GetString().ShouldStartWith("txn_");
        moved.GetProperty("from").GetString().ShouldBe("shared");
        moved.GetProperty("to").GetString().ShouldBe("team-a");
        moved.GetProperty("credits").GetString().ShouldBe("2.500000000");
        var grant = moved.GetProperty("grants").EnumerateArray().ShouldHaveSingleItem();
        grant.GetProperty("pool").GetString().ShouldBe("team-a");
        grant.GetProperty("remaining").GetString().ShouldBe("2.500000000");
        grant.GetProperty("value").GetString().ShouldBe("5.000000000"); // $20 for 10
        grant.GetProperty("lineage").GetProperty("kind").GetString().ShouldBe("transferred");

        (await client.SendAsync("POST", path + "/transfers", body, idempotencyKey: "once")).ShouldBe(201).Text.ShouldBe(moved.GetRawText());
        (await client.SendAsync("POST", path + "/transfers", """{"from":"shared","to":"team-a","credits":"1"}""", idempotencyKey: "once")).ShouldBe(409, "idempotency_conflict");
        (await BalanceAsync(client, path, "team-a")).ShouldBe("2.500000000");
        (await client.SendAsync("GET", path + "/ledger")).ShouldBe(200).Json.GetProperty("items")[0].GetProperty("kind").GetString().ShouldBe("transfer");
        (await host.Client().SendAsync("GET", path + "/audit")).ShouldBe(200).Json.GetProperty("items")[0].GetProperty("action").GetString().ShouldBe("credits.transferred");
    }

    [Theory]
    [InlineData("""{"from":"shared","to":"shared","credits":"1"}""", 400, "same_pool")]
    [InlineData("""{"from":"shared","to":"nowhere","credits":"1"}""", 400, "unknown_pool")]
    [InlineData("""{"from":"nowhere","to":"shared","credits":"1"}""", 400, "unknown_pool")]
    [InlineData("""{"from":"shared","to":"team-a","credits":"0"}""", 400, "invalid_credits")]
    [InlineData("""{"from":"shared","to":"team-a","credits":"-1"}""", 400, "invalid_credits")]
    [InlineData("""{"from":"shared","to":"team-a","credits":"0.0000000001"}""", 400, "invalid_credits")]
    [InlineData("""{"from":"shared","to":"team-a","credits":"99999999999999999999"}""", 400, "invalid_credits")]
    [InlineData("""{"from":"shared","to":"team-a","credits":"10.000000001"}""", 402, "insufficient_credits")]
    [InlineData("""{"from":"team-a","to":"shared","credits":"1"}""", 402, "insufficient_credits")]
    [InlineData("""{"from":"shared","to":"team-a","credits":"many"}""", 400, "invalid_number")]
    [InlineData("""{"from":"shared","to":"team-a"}""", 400, "missing_field")]
    [InlineData("""{"from":null,"to":"team-a","credits":"1"}""", 400, "missing_field")]
    [InlineData("""{"from":"shared","to":"team-a","credits":"1","fee":"1"}""", 400, "unknown_field")]
    [InlineData("""{"from":"shared","to":"team-a","credits":""", 400, "malformed_json")]
    public async Task A_transfer_that_cannot_be_is_refused_and_moves_nothing(string body, int status, string code)
    {
        var (client, path) = await TenantAsync();

        (await client.SendAsync("POST", path + "/transfers", body)).ShouldBe(status, code);

        (await BalanceAsync(client, path, "shared")).ShouldBe("10.000000000");
        (await BalanceAsync(client, path, "team-a")).ShouldBe("0.000000000");
    }

    [Fact]
    public async Task A_refusal_says_what_is_available()
    {
        var (client, path) = await TenantAsync();
        var refused = (await client.SendAsync("POST", path + "/transfers", """{"from":"shared","to":"team-a","credits":"11"}""")).ShouldBe(402, "insufficient_credits").Json;
        refused.GetProperty("requested").GetString().ShouldBe("11.000000000");
        refused.GetProperty("available").GetString().ShouldBe("10.000000000");
    }

    [Fact]
    public async Task A_pool_is_closed_once_and_the_shared_one_never()
    {
        var (client, path) = await TenantAsync();
        (await client.SendAsync("POST", path + "/transfers", """{"from":"shared","to":"team-a","credits":"4"}""")).ShouldBe(201);
        (await client.SendAsync("DELETE", path + "/pools/shared")).ShouldBe(409, "shared_pool");
        (await client.SendAsync("DELETE", path + "/pools/nowhere")).ShouldBe(404, "unknown_pool");

        (await client.SendAsync("DELETE", path + "/pools/team-a")).ShouldBe(204);

        (await BalanceAsync(client, path, "shared")).ShouldBe("10.000000000");
        (await client.SendAsync("DELETE", path + "/pools/team-a")).ShouldBe(409, "pool_closed");
        (await client.SendAsync("PATCH", path + "/pools/team-a", """{"name":"x"}""")).ShouldBe(409, "pool_closed");
        (await client.SendAsync("POST", path + "/pools", """{"key":"team-a","name":"Again"}""")).ShouldBe(409, "pool_exists");
        (await client.SendAsync("POST", path + "/transfers", """{"from":"shared","to":"team-a","credits":"1"}""")).ShouldBe(400, "pool_closed");
        (await client.SendAsync("PUT", path + "/consumers/ana", """{"pool":"team-a"}""")).ShouldBe(400, "pool_closed");
    }

    [Fact]
    public async Task Pools_of_another_tenant_are_not_there()
    {
        var (_, other) = await TenantAsync();
        var (client, path) = await TenantAsync();
        (await client.SendAsync("DELETE", other + "/pools/team-a")).ShouldBe(403, "other_tenant");
        (await client.SendAsync("POST", other + "/transfers", """{"from":"shared","to":"team-a","credits":"1"}""")).ShouldBe(403, "other_tenant");
        (await client.SendAsync("POST", path + "/transfers", $$"""{"from":"shared","to":"{{other.Split('/')[^1]}}/team-a","credits":"1"}""")).ShouldBe(400, "unknown_pool");
    }

    // $20 for 10 credits in the shared pool, and an empty pool team-a.
    private async Task<(HttpClient Client, string Path)> TenantAsync()
    {
        var tenant = await host.NewTenantAsync();
        var path = $"/v1/tenants/{tenant}";
        (await host.Client().SendAsync("POST", path + "/grants", """{"credits":"10","source":"purchase","value":"20"}""")).ShouldBe(201);
        var client = host.Client(await host.NewKeyAsync(tenant, Scope.Manage, Scope.Read));
        (await client.SendAsync("POST", path + "/pools", """{"key":"team-a","name":"Team A","kind":"team"}""")).ShouldBe(201);
        return (client, path);
    }

    private static async Task<string?> BalanceAsync(HttpClient client, string path, string pool) =>
        (await client.SendAsync("GET", path + "/balance")).ShouldBe(200).Json.GetProperty("pools").EnumerateArray()
            .Single(p => p.GetProperty("key").GetString() == pool).GetProperty("balance").GetString();
}
