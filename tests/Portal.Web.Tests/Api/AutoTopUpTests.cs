using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Portal.Web.Tests.Api;

public sealed class AutoTopUpTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task It_is_put_read_and_removed()
    {
        var client = host.Client();
        (await client.SendAsync("PUT", "/v1/tenants/filled", """{"name":"Filled","currency":"USD"}""")).ShouldBe(201);
        (await client.SendAsync("PUT", "/v1/packs/fill", """{"name":"Fill","credits":"1000","price":"10.00","currency":"USD"}""")).ShouldBe(201);
        const string path = "/v1/tenants/filled/pools/shared/auto-top-up", body = """{"threshold":"500","target":"2000","pack":"fill","daily_cap":"40.00"}""";
        (await client.SendAsync("GET", path)).ShouldBe(404, "no_auto_top_up");
        (await client.SendAsync("PUT", path, body)).ShouldBe(422, "no_payment_method");
        await using (var command = host.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("""
            insert into payment_methods (tenant_id, id, provider, state, token, label, is_default, created_at, saved_at)
            select tenant_id, gen_random_uuid(), 'sandbox', 'saved', 'pm_x', 'x', true, now(), now() from tenants where key = 'filled'
            """))
        {
            await command.ExecuteNonQueryAsync();
        }

        var put = (await client.SendAsync("PUT", path, body)).ShouldBe(200).Json;
        put.GetProperty("status").GetString().ShouldBe("on");
        put.GetProperty("spent_today").GetString().ShouldBe("0.000000000");
        (await client.SendAsync("GET", path)).ShouldBe(200).Json.GetProperty("target").GetString().ShouldBe("2000.000000000");
        (await client.SendAsync("GET", "/v1/tenants/filled/pools/nowhere/auto-top-up")).ShouldBe(404, "unknown_pool");
        (await client.SendAsync("DELETE", path)).ShouldBe(204);
        (await client.SendAsync("DELETE", path)).ShouldBe(404, "no_auto_top_up");
    }

    [Theory]
    [InlineData("""{"threshold":"10","target":"5","pack":"fill"}""", 400, "invalid_target")]
    [InlineData("""{"target":"5","pack":"fill"}""", 400, "missing_field")]
    [InlineData("""{"threshold":"1","target":"5","pack":"no-such"}""", 400, "unknown_pack")]
    [InlineData("""{"threshold":"1","target":"5","pack":"fill","weekly_cap":"1"}""", 400, "unknown_field")]
    public async Task What_cannot_be_is_refused(string body, int status, string code)
    {
        var client = host.Client();
        await client.SendAsync("PUT", "/v1/tenants/unfilled", """{"name":"Unfilled","currency":"USD"}""");
        (await client.SendAsync("PUT", "/v1/tenants/unfilled/pools/shared/auto-top-up", body)).ShouldBe(status, code);
    }
}
