using Portal.Domain.Tenants;
using Portal.Testing;

namespace Portal.Web.Tests.Api;

public sealed class MergeTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Credits_move_to_the_other_tenant_and_a_repeat_moves_nothing()
    {
        var (from, into) = (await host.NewTenantAsync(), await host.NewTenantAsync());
        (await host.Client().SendAsync("POST", $"/v1/tenants/{from}/grants", """{"credits":"10","source":"purchase","value":"20"}""")).ShouldBe(201);
        var body = $$"""{"into":"{{into}}","reason":"One account"}""";

        var merged = (await host.Client().SendAsync("POST", $"/v1/tenants/{from}/merge", body, idempotencyKey: from)).ShouldBe(201).Json;

        merged.GetProperty("merged").GetRawText().ShouldBe("""{"credits":"10.000000000","value":"20.000000000","currency":"USD","grants":1}""");
        merged.GetProperty("into").GetString().ShouldBe(into);
        var transaction = merged.GetProperty("transaction").GetString();
        transaction.ShouldStartWith("txn_");
        (await host.Client().SendAsync("POST", $"/v1/tenants/{from}/merge", body, idempotencyKey: from)).ShouldBe(201).Text.ShouldBe(merged.GetRawText());
        (await host.Client().SendAsync("POST", $"/v1/tenants/{from}/merge", body)).ShouldBe(409, "nothing_to_merge");

        var grants = (await host.Client().SendAsync("GET", $"/v1/tenants/{into}/grants")).ShouldBe(200).Json.GetProperty("items").EnumerateArray().ToArray();
        var grant = grants.ShouldHaveSingleItem();
        grant.GetProperty("remaining").GetString().ShouldBe("10.000000000");
        grant.GetProperty("value").GetString().ShouldBe("20.000000000");
        grant.GetProperty("lineage").GetProperty("kind").GetString().ShouldBe("merged");
        grant.GetProperty("lineage").GetProperty("parent").GetString().ShouldStartWith("grant_");
        var arrival = (await host.Client().SendAsync("GET", $"/v1/tenants/{into}/ledger")).ShouldBe(200).Json.GetProperty("items")[0];
        arrival.GetProperty("kind").GetString().ShouldBe("merge");
        arrival.GetProperty("reference").GetString().ShouldBe(transaction);

        // Its payment is not here: the other tenant bought it.
        (await host.Client().SendAsync("POST", $"/v1/tenants/{into}/refunds", $$"""{"grant":"{{grant.GetProperty("id").GetString()}}","reason":"Ordered twice"}""")).ShouldBe(422, "not_refundable");
        await host.Database.DataSource.ShouldBalanceAsync();
    }

    [Theory]
    [InlineData("{}", 400, "missing_field")]
    [InlineData("""{"into":null}""", 400, "missing_field")]
    [InlineData("""{"into":7}""", 400, "invalid_field")]
    [InlineData("""{"into":"nobody-there"}""", 400, "unknown_tenant")]
    [InlineData("""{"into":"nobody-there","credits":"1"}""", 400, "unknown_field")]
    [InlineData("""{"into":"nobody-there","reason":""}""", 400, "invalid_reason")]
    [InlineData("""{"into":""", 400, "malformed_json")]
    public async Task A_merge_that_cannot_be_is_refused(string body, int status, string code)
    {
        var from = await host.NewTenantAsync();
        (await host.Client().SendAsync("POST", $"/v1/tenants/{from}/merge", body)).ShouldBe(status, code);
    }

    [Fact]
    public async Task Only_the_platform_merges()
    {
        var (from, into) = (await host.NewTenantAsync(), await host.NewTenantAsync());
        var body = $$"""{"into":"{{into}}"}""";
        (await host.Client(await host.NewKeyAsync(from, Scope.Manage, Scope.Read)).SendAsync("POST", $"/v1/tenants/{from}/merge", body)).ShouldBe(403, "platform_key_required");
        (await host.Client(await host.NewKeyAsync(tenant: null, Scope.Manage, Scope.Read)).SendAsync("POST", $"/v1/tenants/{from}/merge", body)).ShouldBe(403, "missing_scope");
    }
}
