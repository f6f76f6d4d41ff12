using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Payments.GivenBack;
using Portal.Domain.Tenants;

namespace Portal.Web.Tests.Api;

public sealed class RefundTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task A_refund_is_asked_for_once_and_told_when_it_succeeded()
    {
        var (tenant, payment, _) = await BuyAsync();
        var body = $$"""{"payment":"{{payment}}","amount":"4.00","reason":"Ordered twice"}""";

        var asked = (await AskAsync(tenant, body, "once")).ShouldBe(201);
        var again = (await AskAsync(tenant, body, "once")).ShouldBe(201);
        (await AskAsync(tenant, body.Replace("4.00", "5.00", StringComparison.Ordinal), "once")).ShouldBe(409, "idempotency_conflict");

        again.Text.ShouldBe(asked.Text);
        (asked.Json.GetProperty("status").GetString(), asked.Json.GetProperty("credits").GetString(), asked.Json.GetProperty("amount").GetString())
            .ShouldBe(("pending", "400.000000000", "4.000000000"));
        await host.Services.GetRequiredService<RefundSender>().SendDueAsync();
        var refund = await UntilAsync($"/v1/tenants/{tenant}/refunds", items => items.GetArrayLength() == 1 && items[0].GetProperty("status").GetString() == "succeeded");
        refund[0].GetProperty("id").GetString().ShouldBe(asked.Json.GetProperty("id").GetString());
        var left = await UntilAsync($"/v1/tenants/{tenant}/payments", items => items[0].GetProperty("refunded").GetString() == "4.000000000");
        left[0].GetProperty("captured").GetString().ShouldBe("10.000000000");
        (await host.Database.ScalarAsync($"select count(*) from audit join tenants using (tenant_id) where key = '{tenant}' and action = 'refund.asked'")).ShouldBe(1L);
        (await host.Client().SendAsync("POST", "/v1/reconciliation")).Json.GetProperty("ok").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task What_is_wrong_with_a_refund_is_said_and_nothing_changes()
    {
        var (tenant, payment, grant) = await BuyAsync();
        var (_, foreign, foreignGrant) = await BuyAsync();
        foreach (var (body, status, code) in new[]
        {
            ("", 400, "malformed_json"),
            ("[]", 400, "invalid_field"),
            ($$"""{"payment":"{{payment}}"}""", 400, "missing_field"),
            ($$"""{"payment":"{{payment}}","reason":"x","colour":"red"}""", 400, "unknown_field"),
            ("""{"reason":"x"}""", 400, "payment_or_grant_required"),
            ($$"""{"payment":"{{payment}}","grant":"{{grant}}","reason":"x"}""", 400, "payment_or_grant_required"),
            ($$"""{"payment":"{{payment}}","credits":"1","amount":"1","reason":"x"}""", 400, "credits_or_amount"),
            ($$"""{"payment":"{{payment}}","credits":"0","reason":"x"}""", 400, "invalid_credits"),
            ($$"""{"payment":"{{payment}}","credits":"-1","reason":"x"}""", 400, "invalid_credits"),
            ($$"""{"payment":"{{payment}}","credits":"1.0000000001","reason":"x"}""", 400, "invalid_credits"),
            ($$"""{"payment":"{{payment}}","credits":"many","reason":"x"}""", 400, "invalid_number"),
            ($$"""{"payment":"{{payment}}","amount":"0","reason":"x"}""", 400, "invalid_amount"),
            ($$"""{"payment":"{{payment}}","amount":"1.001","reason":"x"}""", 400, "invalid_amount"),
            ($$"""{"payment":"{{payment}}","amount":"10.01","reason":"x"}""", 422, "refund_exceeds"),
            ($$"""{"payment":"{{payment}}","credits":"1000.1","reason":"x"}""", 422, "refund_exceeds"),
            ($$"""{"payment":"{{payment}}","reason":""}""", 400, "invalid_reason"),
            ($$"""{"payment":"{{payment}}","reason":"{{new string('x', 501)}}"}""", 400, "invalid_reason"),
            ("""{"payment":"pay_1_00000000000000000000000000000000","reason":"x"}""", 400, "unknown_payment"),
            ($$"""{"payment":"{{grant}}","reason":"x"}""", 400, "unknown_payment"),
            ($$"""{"payment":"{{foreign}}","reason":"x"}""", 400, "unknown_payment"),
            ($$"""{"grant":"{{foreignGrant}}","reason":"x"}""", 400, "unknown_grant"),
            ("""{"grant":"grant_1_00000000000000000000000000000000","reason":"x"}""", 400, "unknown_grant"),
        })
        {
            (await AskAsync(tenant, body)).ShouldBe(status, code);
        }

        (await host.Client().SendAsync("GET", $"/v1/tenants/{tenant}/refunds")).Json.GetProperty("items").GetArrayLength().ShouldBe(0);
        (await RemainingAsync(tenant)).ShouldBe(1000m);
    }

    [Fact]
    public async Task A_tenants_key_sees_its_refunds_and_asks_for_none()
    {
        var (tenant, payment, _) = await BuyAsync();
        var client = host.Client(await host.NewKeyAsync(tenant, Scope.Read, Scope.Manage));

        (await client.SendAsync("POST", $"/v1/tenants/{tenant}/refunds", $$"""{"payment":"{{payment}}","reason":"x"}""")).ShouldBe(403, "platform_key_required");
        (await client.SendAsync("GET", $"/v1/tenants/{tenant}/refunds")).ShouldBe(200);
        (await client.SendAsync("GET", $"/v1/tenants/{tenant}/payments")).ShouldBe(200);
        (await host.Client().SendAsync("GET", $"/v1/tenants/{tenant}/refunds?limit=0")).ShouldBe(400, "invalid_limit");
        (await host.Client().SendAsync("GET", $"/v1/tenants/{tenant}/refunds?cursor=x")).ShouldBe(400, "invalid_cursor");
        (await RemainingAsync(tenant)).ShouldBe(1000m);
    }

    [Fact]
    public async Task A_dispute_of_the_sandbox_takes_the_credits_and_winning_it_brings_them_back()
    {
        var (tenant, payment, _) = await BuyAsync();
        Task<Reply> HappensAsync(string body) => host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/payments/{payment}/sandbox", body);

        (await HappensAsync("""{"event":"stolen"}""")).ShouldBe(400, "invalid_event");
        (await HappensAsync("""{"event":"disputed","amount":"0.001"}""")).ShouldBe(400, "invalid_amount");
        (await HappensAsync("""{"event":"disputed","amount":"10.01"}""")).ShouldBe(422, "dispute_exceeds_payment");
        (await HappensAsync("""{"event":"won"}""")).ShouldBe(422, "not_disputed");
        (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/payments/pay_1_0/sandbox", """{"event":"disputed"}""")).ShouldBe(404, "unknown_payment");

        (await HappensAsync("""{"event":"disputed"}""")).ShouldBe(204);
        await TellAsync();
        await UntilAsync($"/v1/tenants/{tenant}/payments", items => items[0].GetProperty("disputed").GetString() == "10.000000000");
        (await RemainingAsync(tenant)).ShouldBe(0m);

        (await HappensAsync("""{"event":"won"}""")).ShouldBe(204);
        await TellAsync();
        await UntilAsync($"/v1/tenants/{tenant}/payments", items => items[0].GetProperty("reinstated").GetString() == "10.000000000");
        (await RemainingAsync(tenant)).ShouldBe(1000m);
    }

    // The test server has no port on which the sandbox could find it: its webhooks are handed over.
    private async Task TellAsync()
    {
        var secret = (string)(await host.Database.ScalarAsync("select webhook_secret from sandbox_account"))!;
        var body = (byte[])(await host.Database.ScalarAsync("select body from sandbox_events order by created_at desc limit 1"))!;
        var client = host.Client(key: null);
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/webhooks/sandbox") { Content = content };
        request.Headers.Add(
            Domain.Payments.Sandbox.SandboxSignature.Header,
            Domain.Payments.Sandbox.SandboxSignature.Sign(secret, TimeProvider.System.GetUtcNow(), body));
        using var response = await client.SendAsync(request);
        ((int)response.StatusCode).ShouldBe(200);
    }

    private async Task<(string Tenant, string Payment, string Grant)> BuyAsync()
    {
        var client = host.Client();
        await client.SendAsync("PUT", "/v1/packs/refundable", """{"name":"Refundable","credits":"1000","price":"10.00","currency":"USD"}""");
        var tenant = await host.NewTenantAsync();
        var checkout = (await client.SendAsync("POST", "/v1/checkouts", JsonSerializer.Serialize(new { tenant, pack = "refundable" }))).ShouldBe(201)
            .Json.GetProperty("id").GetString();
        (await client.SendAsync("POST", $"/v1/checkouts/{checkout}/pay", """{"card":"4242424242424242"}""")).ShouldBe(200);
        var payments = (await client.SendAsync("GET", $"/v1/tenants/{tenant}/payments")).ShouldBe(200).Json.GetProperty("items");
        payments[0].GetProperty("checkout").GetString().ShouldBe(checkout);
        var grants = (await client.SendAsync("GET", $"/v1/tenants/{tenant}/grants")).Json.GetProperty("items");
        return (tenant, payments[0].GetProperty("id").GetString()!, grants[0].GetProperty("id").GetString()!);
    }

    private Task<Reply> AskAsync(string tenant, string body, string? key = null) =>
        host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/refunds", body, idempotencyKey: key);

    private async Task<JsonElement> UntilAsync(string path, Func<JsonElement, bool> done)
    {
        for (var i = 0; ; i++)
        {
            var items = (await host.Client().SendAsync("GET", path)).ShouldBe(200).Json.GetProperty("items");
            if (done(items)) return items;
            i.ShouldBeLessThan(200, items.ToString());
            await Task.Delay(50);
        }
    }

    private async Task<object?> RemainingAsync(string tenant) =>
        await host.Database.ScalarAsync($"select coalesce(sum(remaining), 0) from grants join tenants using (tenant_id) where key = '{tenant}'");
}
