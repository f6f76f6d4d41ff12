using System.Net;
using System.Reflection;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Portal.Web.Access;
using Portal.Web.Components.ConsolePages;
using Portal.Web.Tests.Api;

namespace Portal.Web.Tests.ConsolePages;

/// <summary>The console is for operators alone: every page and file of it.</summary>
public sealed class ConsoleAccessTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static readonly (string Path, Type Page)[] All =
    [
        .. from page in typeof(ConsoleExports).Assembly.GetTypes()
           from route in page.GetCustomAttributes<RouteAttribute>()
           where route.Template.StartsWith("/console", StringComparison.Ordinal)
           select (route.Template, page),
    ];

    [Fact]
    public void Every_page_asks_for_a_role_of_operators()
    {
        All.Length.ShouldBeGreaterThan(15);
        All.Select(one => one.Path).ShouldContain("/console/profitability");
        All.Select(one => one.Path).ShouldContain("/console/intake");
        All.Where(one => !one.Page.GetCustomAttributes<AuthorizeAttribute>().Any(asked => asked.Policy is Policies.Support or Policies.Finance or Policies.Operator))
            .Select(one => one.Path).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("/console/profitability")]
    [InlineData("/console/profitability.csv")]
    [InlineData("/console/intake")]
    [InlineData("/console/revenue")]
    [InlineData("/console/revenue.csv")]
    [InlineData("/console/journal.csv?month=2026-01")]
    [InlineData("/console/intake/events/evt_1_0")]
    [InlineData("/console/intake.csv")]
    [InlineData("/console/templates")]
    [InlineData("/console/webhooks")]
    public async Task A_stranger_is_asked_to_sign_in(string path)
    {
        using var client = host.Client(key: null);
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        answer.Headers.Location!.ToString().ShouldContain("/account/sign-in");
    }
}
