using System.Net.Http.Headers;
using Npgsql;
using Portal.Domain.Metering.Intake;
using Portal.Testing;

namespace Portal.Web.Tests.Api;

public sealed class BackpressureTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("Intake:WaitingBytes", "1")]
    [InlineData("Intake:WaitingEvents", "0")]
    public async Task What_the_intake_cannot_hold_is_turned_away_with_a_time_to_try_again(string setting, string most)
    {
        var tenant = await host.NewTenantAsync();
        await using var node = host.With(setting, most);
        using var client = node.CreateClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ApiHost.PlatformKey);
        Task<Reply> SendAsync(string id) => client.SendAsync("POST", "/v1/events", TestPortal.Usage(tenant, id, 1000), contentType: "application/cloudevents+json");
        var intake = node.Services.GetService(typeof(UsageIntake)) as UsageIntake;

        await using (var connection = new NpgsqlConnection(host.Database.OwnerConnectionString))
        {
            await connection.OpenAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await using var hold = new NpgsqlCommand($"select from wallets w join tenants t using (tenant_id) where t.key = '{tenant}' for update of w", connection, transaction);
            await hold.ExecuteNonQueryAsync();
            var waiting = SendAsync("1"); // alone it is taken whatever its size; it waits for its wallet
            SpinWait.SpinUntil(() => intake!.WaitingEvents == 1, TimeSpan.FromSeconds(30)).ShouldBeTrue();

            var refused = await SendAsync("2");

            refused.ShouldBe(429, "too_busy").Headers.RetryAfter!.ToString().ShouldBe("1");
            await transaction.CommitAsync();
            (await waiting).Status.ShouldBeLessThan(300);
        }

        SpinWait.SpinUntil(() => intake!.WaitingEvents == 0, TimeSpan.FromSeconds(30)).ShouldBeTrue();
        (await SendAsync("2")).Status.ShouldBeLessThan(300);
        (await host.Database.ScalarAsync($"select count(*)::int from events e join tenants t using (tenant_id) where t.key = '{tenant}'")).ShouldBe(2);
    }
}
