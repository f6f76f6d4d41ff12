using Bunit;
using Bunit.TestDoubles;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Access;
using Portal.Web.Components.TenantPages.Webhooks;
using ConsoleWebhooks = Portal.Web.Components.ConsolePages.Webhooks.WebhooksPage;

namespace Portal.Web.Tests.TenantPages;

/// <summary>The pages Webhooks, of a tenant and of the console.</summary>
public sealed class WebhooksPageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static async Task<Site> OpenAsync(PostgresFixture postgres)
    {
        var site = await Site.OpenAsync(postgres);
        site.Services.AddScoped<WebhookCommands>();
        return site;
    }

    [Fact]
    public async Task An_admin_adds_an_endpoint_and_sees_its_secret_once()
    {
        await using var site = await OpenAsync(postgres);
        var (page, dialogs) = site.Open<WebhooksPage>("webhooks", MemberRole.Admin);
        page.WaitForAssertion(() => page.FindAll(".empty-state-title").Select(title => title.TextContent).ShouldBe(["No endpoints yet", "Nothing was sent yet"]));

        await page.InvokeAsync(() => page.Find(".panel-head button").Click());
        dialogs.WaitForElement("#endpoint-url").Input("http://10.0.0.1/");
        await dialogs.InvokeAsync(() => dialogs.Find("#endpoint").Submit());
        dialogs.WaitForElement(".notice-error").TextContent.ShouldBe("The URL must begin with https.");
        await dialogs.InvokeAsync(() => dialogs.Find("#endpoint-url").Input("https://example.com/hooks"));
        await dialogs.InvokeAsync(() => dialogs.FindAll(".choices input")[1].Change(true));
        dialogs.WaitForAssertion(() => dialogs.FindAll(".choices input").Take(2).Select(box => box.HasAttribute("checked")).ShouldBe([false, true]));
        await dialogs.InvokeAsync(() => dialogs.Find("#endpoint").Submit());
        var secret = dialogs.WaitForElement("[data-testid=secret]").TextContent;
        secret.ShouldStartWith("whsec_");
        await dialogs.InvokeAsync(() => dialogs.FindAll("button").First(button => button.TextContent.Trim() == "Done").Click());

        page.WaitForAssertion(() => page.Find(".endpoint-url").TextContent.ShouldBe("https://example.com/hooks"));
        page.Find(".endpoint .movement-reason").TextContent.ShouldBe("invoice.finalised");
        page.Markup.ShouldNotContain(secret);
    }

    [Fact]
    public async Task Every_try_is_listed_and_a_delivery_is_replayed()
    {
        await using var site = await OpenAsync(postgres);
        await DeliverAsync(site, site.Tenant, "https://example.com/own", "failed");
        var (page, _) = site.Open<WebhooksPage>("webhooks", MemberRole.Owner);
        page.WaitForAssertion(() => page.Find("td[data-label=State]").TextContent.ShouldBe("Given up"));
        page.Find("td[data-label=Tries] li").TextContent.ShouldContain("503 after 12 ms. Answered 503.out of order");
        page.Find("td[data-label='What happened']").TextContent.ShouldBe("invoice.paidhttps://example.com/own");

        await page.InvokeAsync(() => page.Find("td.row-actions button").Click());
        page.WaitForAssertion(() => page.Find("td[data-label=State]").TextContent.ShouldBe("Waiting"));
        (await site.Portal.ScalarAsync("select state || ' ' || attempts from webhook_deliveries")).ShouldBe("pending 0");
        (await site.Portal.ScalarAsync($"select count(*) from audit where tenant_id = {site.Tenant} and action = 'webhook.replayed'")).ShouldBe(1L);
    }

    [Fact]
    public async Task An_endpoint_is_tried_with_a_test_message()
    {
        await using var site = await OpenAsync(postgres);
        await DeliverAsync(site, site.Tenant, "https://example.com/own", "delivered");
        var (page, _) = site.Open<WebhooksPage>("webhooks", MemberRole.Admin);
        page.WaitForElement("button[aria-label^='Send https://example.com/own a test']");
        await page.InvokeAsync(() => page.Find("button[aria-label^='Send https://example.com/own a test']").Click());
        page.WaitForAssertion(() => page.FindAll("td[data-label='What happened'] code").Select(type => type.TextContent).ShouldContain("endpoint.test"));
        (await site.Portal.ScalarAsync("select count(*) from webhook_deliveries where type = 'endpoint.test' and state = 'pending'")).ShouldBe(1L);
    }

    [Fact]
    public async Task Nobody_sees_another_companys_or_without_the_role()
    {
        await using var site = await OpenAsync(postgres);
        await DeliverAsync(site, await site.Portal.AddTenantAsync("globex"), "https://example.com/theirs", "failed");
        await DeliverAsync(site, 0, "https://example.com/platform", "failed");
        var (page, _) = site.Open<WebhooksPage>("webhooks", MemberRole.Owner);
        page.WaitForAssertion(() => page.FindAll(".empty-state-title").Select(title => title.TextContent).ShouldBe(["No endpoints yet", "Nothing was sent yet"]));
        var (billing, _) = site.Open<WebhooksPage>("webhooks", MemberRole.Billing);
        billing.WaitForElement(".empty-state-title").TextContent.ShouldBe("Webhooks are for admins");
    }

    [Fact]
    public async Task The_console_shows_the_platforms_and_whose_are_in_trouble_and_only_operators_change_them()
    {
        await using var site = await OpenAsync(postgres);
        await DeliverAsync(site, 0, "https://example.com/platform", "delivered");
        await DeliverAsync(site, site.Tenant, "https://example.com/theirs", "pending");
        await site.Portal.ExecuteAsync("update webhook_endpoints set failing_since = now() where tenant_id > 0");

        var person = site.AddAuthorization().SetAuthorized("support@portal.example").SetPolicies(Policies.Support);
        site.Services.GetRequiredService<NavigationManager>().NavigateTo("/console/webhooks");
        site.SetRendererInfo(new RendererInfo("Server", isInteractive: true));
        site.Render<MudDialogProvider>();
        var page = site.Render<ConsoleWebhooks>();
        page.WaitForAssertion(() => page.Find("td[data-label='What happened']").TextContent.ShouldBe("invoice.paidacme → https://example.com/platform"));
        page.FindAll("button").ShouldNotContain(button => button.TextContent.Contains("Replay", StringComparison.Ordinal));
        page.WaitForAssertion(() => page.FindAll(".endpoint-url").Select(url => url.TextContent).ShouldBe(["https://example.com/platform", "acme → https://example.com/theirs"]));

        person.SetAuthorized("operator@portal.example").SetPolicies(Policies.Support, Policies.Operator);
        var operators = site.Render<ConsoleWebhooks>();
        operators.WaitForElement("td.row-actions button").Click();
        operators.WaitForAssertion(() => operators.Find("td[data-label=State]").TextContent.ShouldBe("Waiting"));
    }

    // An endpoint with one delivery of an event of acme, or of the endpoint's own tenant, and one try.
    private static Task DeliverAsync(Site site, long tenant, string url, string state) => site.Portal.ExecuteAsync($$"""
        with endpoint as (
          insert into webhook_endpoints (tenant_id, id, url, secret, created_at) values ({{tenant}}, gen_random_uuid(), '{{url}}', decode(repeat('00', 32), 'hex'), now()) returning id),
        told as (
          insert into webhook_events (tenant_id, id, type, subject, key, created_at, spread, body)
          values ({{(tenant == 0 ? site.Tenant : tenant)}}, gen_random_uuid(), 'invoice.paid', 'inv', '{{url}}', now(), true, '{}') returning tenant_id, id),
        delivery as (
          insert into webhook_deliveries (tenant_id, id, endpoint_id, event_tenant, event_id, type, state, attempts, done_at, status, error)
          select {{tenant}}, gen_random_uuid(), endpoint.id, told.tenant_id, told.id, 'invoice.paid', '{{state}}', 1, case when '{{state}}' <> 'pending' then now() end, 503, 'Answered 503.'
          from endpoint, told returning id)
        insert into webhook_attempts (tenant_id, id, delivery_id, at, took_ms, status, error, response)
        select {{tenant}}, gen_random_uuid(), id, now(), 12, 503, 'Answered 503.', 'out of order' from delivery
        """);
}
