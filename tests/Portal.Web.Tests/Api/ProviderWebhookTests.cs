using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Portal.Database.Tests.Payments.Providers;
using Portal.Domain.Payments;
using Portal.Testing;
using Portal.Web.Api;

namespace Portal.Web.Tests.Api;

/// <summary>A pack bought through the API at each provider's stand-in, told by webhooks posted to the portal's own endpoint.</summary>
public sealed class ProviderWebhookTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Theory]
    [InlineData("stripe", "")]
    [InlineData("adyen", "[accepted]")]
    [InlineData("checkoutcom", "")]
    public async Task A_pack_is_bought_end_to_end(string provider, string answer)
    {
        await using var bench = await BenchAsync(provider);
        await using var database = await postgres.CreateAsync();
        await using var factory = new Factory(database, bench.Settings);
        using var client = factory.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false });
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ApiHost.PlatformKey);
        (await client.SendAsync("PUT", "/v1/tenants/acme", """{"name":"Acme","currency":"USD"}""")).ShouldBe(201);
        (await client.SendAsync("PUT", "/v1/packs/starter", """{"name":"Starter","credits":"1000","price":"10.00","currency":"USD"}""")).Json.GetProperty("key").GetString().ShouldBe("starter");
        var started = (await client.SendAsync("POST", "/v1/checkouts", JsonSerializer.Serialize(new { tenant = "acme", pack = "starter", provider }))).ShouldBe(201);

        await bench.PayAsync(bench.LastPage);
        for (var i = 0; i < 2; i++)
        {
            foreach (var delivery in await bench.WebhooksAsync()) (await PostAsync(client, provider, delivery)).ShouldBe((200, answer));
        }

        await factory.Services.GetRequiredService<WebhookInbox>().ProcessDueAsync();
        var path = $"/v1/checkouts/{started.Json.GetProperty("id").GetString()}";
        for (var i = 0; (await client.SendAsync("GET", path)).Json.GetProperty("status").GetString() != "paid"; i++)
        {
            i.ShouldBeLessThan(200);
            await Task.Delay(50); // the node that took them works them off
        }

        (await client.SendAsync("GET", "/v1/tenants/acme/balance")).Json.GetProperty("total").GetProperty("balance").GetString().ShouldBe("1000.000000000");
        (await database.ScalarAsync("select count(*) from grants")).ShouldBe(1L);
        (await client.SendAsync("POST", "/v1/reconciliation")).Json.GetProperty("ok").GetBoolean().ShouldBeTrue();
    }

    [Theory]
    [InlineData("stripe")]
    [InlineData("adyen")]
    [InlineData("checkoutcom")]
    public async Task What_is_not_signed_is_refused_and_not_kept(string provider)
    {
        await using var bench = await BenchAsync(provider);
        await using var database = await postgres.CreateAsync();
        await using var factory = new Factory(database, bench.Settings);
        using var client = factory.CreateClient();
        await bench.StrangerPaysAsync(500);
        var genuine = (await bench.WebhooksAsync())[0];
        var body = System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(genuine.Body).Replace("500", "501", StringComparison.Ordinal));

        (await PostAsync(client, provider, genuine with { Body = body })).Status.ShouldBe(400);

        (await database.ScalarAsync("select count(*) from webhook_inbox")).ShouldBe(0L);
    }

    private static async Task<(int Status, string Text)> PostAsync(HttpClient client, string provider, Delivery delivery)
    {
        using var content = new ByteArrayContent(delivery.Body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/webhooks/{provider}") { Content = content };
        foreach (var (name, value) in delivery.Headers) request.Headers.Add(name, value);
        using var response = await client.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private static Task<IBench> BenchAsync(string provider) => provider switch
    {
        "stripe" => StripeBench.StartAsync(),
        "adyen" => AdyenBench.StartAsync(),
        _ => CheckoutComBench.StartAsync(),
    };

    private sealed class Factory(TestDatabase database, PaymentSettings payments) : WebApplicationFactory<FirstPlatformKey>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Development");
            foreach (var (name, value) in ApiHost.Settings(database).Concat(Own())) builder.UseSetting(name, value);
        }

        private IEnumerable<KeyValuePair<string, string?>> Own()
        {
            if (payments.Stripe is { } stripe)
                return Under("Stripe", ("SecretKey", stripe.SecretKey), ("WebhookSecret", stripe.WebhookSecret), ("ApiBase", stripe.ApiBase.AbsoluteUri));
            if (payments.Adyen is { } adyen)
            {
                return Under(
                    "Adyen", ("ApiKey", adyen.ApiKey), ("MerchantAccount", adyen.MerchantAccount), ("WebhookSecret", adyen.WebhookSecret), ("ApiBase", adyen.ApiBase.AbsoluteUri));
            }

            var other = payments.CheckoutCom!;
            return Under(
                "CheckoutCom", ("SecretKey", other.SecretKey), ("ProcessingChannel", other.ProcessingChannel), ("WebhookSecret", other.WebhookSecret), ("ApiBase", other.ApiBase.AbsoluteUri));
        }

        private static IEnumerable<KeyValuePair<string, string?>> Under(string provider, params (string Key, string Value)[] settings) =>
            settings.Select(setting => KeyValuePair.Create($"Portal:Payments:{provider}:{setting.Key}", (string?)setting.Value));
    }
}
