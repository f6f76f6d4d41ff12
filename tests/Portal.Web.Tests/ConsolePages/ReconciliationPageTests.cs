using Bunit;
using Bunit.TestDoubles;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Revenue;
using Portal.Testing;
using Portal.Web.Access;
using Portal.Web.Components.ConsolePages.Books;
using Portal.Web.Tests.Components;

namespace Portal.Web.Tests.ConsolePages;

public sealed class ReconciliationPageTests(PostgresFixture postgres) : PageContext, IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Operators_see_the_books_balance_and_the_rows_that_differ()
    {
        await using var database = await postgres.CreateAsync();
        Page.Services.AddSingleton(new Reconciliation(database.DataSource));
        var user = Page.AddAuthorization().SetAuthorized("operator@portal.example");
        user.SetPolicies(Policies.Support);
        var page = Page.Render<ReconciliationPage>();
        page.WaitForAssertion(() => page.Markup.ShouldContain("The books have not been checked yet"));

        page.FindAll("button").First(button => button.TextContent.Contains("Check now", StringComparison.Ordinal)).Click();
        page.WaitForAssertion(() => page.Find("#books").TextContent.ShouldBe("The books balance"), TimeSpan.FromSeconds(30));
        page.FindAll(".check").Count.ShouldBeGreaterThanOrEqualTo(9);

        await using (var command = database.DataSource.CreateCommand("""
            insert into tenants (key, name) values ('acme', 'Acme');
            insert into wallets (tenant_id) select tenant_id from tenants;
            insert into ledger_accounts (tenant_id, account, unit, balance) select tenant_id, 'expired', 'CREDIT', 5 from tenants
            """)) await command.ExecuteNonQueryAsync();
        page.FindAll("button").First(button => button.TextContent.Contains("Check now", StringComparison.Ordinal)).Click();
        page.WaitForAssertion(() => page.Find("#books").TextContent.ShouldBe("One invariant is broken"), TimeSpan.FromSeconds(30));
        page.Find("tbody tr").TextContent.ShouldContain("account expired, CREDIT");
        page.Find("tbody tr td").TextContent.ShouldBe("acme");
    }

    [Fact]
    public async Task Who_is_no_operator_any_more_checks_nothing()
    {
        await using var database = await postgres.CreateAsync();
        Page.Services.AddSingleton(new Reconciliation(database.DataSource));
        Page.AddAuthorization().SetAuthorized("gone@portal.example");
        var page = Page.Render<ReconciliationPage>();
        page.WaitForAssertion(() => page.Find("button"));
        await page.InvokeAsync(() => page.Find("button").Click());
        page.WaitForAssertion(() => page.Markup.ShouldContain("Nothing was checked"));
        (await database.ScalarAsync("select count(*) from reconciliation_runs")).ShouldBe(0L);
    }
}
