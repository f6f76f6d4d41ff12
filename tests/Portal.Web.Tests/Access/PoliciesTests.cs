using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Web.Access;
using Portal.Web.Components.Account;

namespace Portal.Web.Tests.Access;

public sealed class PoliciesTests
{
    private static readonly Guid Ana = Guid.NewGuid();

    [Theory]
    [InlineData(MemberRole.Member, "member")]
    [InlineData(MemberRole.Billing, "member billing")]
    [InlineData(MemberRole.Admin, "member billing admin")]
    [InlineData(MemberRole.Owner, "member billing admin owner")]
    public async Task A_role_may_what_those_before_it_may(MemberRole role, string allowed)
    {
        var tenant = new CurrentTenant(1, "acme", "Acme", TimeZoneInfo.Utc, Currency.Of("USD"), Ana, Guid.NewGuid(), role);
        var passed = new List<string>();
        foreach (var policy in new[] { Policies.Member, Policies.Billing, Policies.Admin, Policies.Owner })
        {
            if ((await Service().AuthorizeAsync(Person(Ana), tenant, policy)).Succeeded) passed.Add(policy);
        }

        string.Join(' ', passed).ShouldBe(allowed);
    }

    [Fact]
    public async Task Another_persons_membership_gives_nothing()
    {
        var tenant = new CurrentTenant(1, "acme", "Acme", TimeZoneInfo.Utc, Currency.Of("USD"), Guid.NewGuid(), Guid.NewGuid(), MemberRole.Owner);
        (await Service().AuthorizeAsync(Person(Ana), tenant, Policies.Member)).Succeeded.ShouldBeFalse();
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("support", "operator-support")]
    [InlineData("finance", "operator-support operator-finance")]
    [InlineData("operator", "operator-support operator-finance operator-all")]
    public async Task Operators_may_by_their_role(string? role, string allowed)
    {
        var passed = new List<string>();
        foreach (var policy in new[] { Policies.Support, Policies.Finance, Policies.Operator })
        {
            if ((await Service().AuthorizeAsync(Person(Ana, role), policy)).Succeeded) passed.Add(policy);
        }

        string.Join(' ', passed).ShouldBe(allowed);
    }

    [Theory]
    [InlineData("/t/acme?x=1", "/t/acme?x=1")]
    [InlineData("https://evil.example/", "/")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("javascript:alert(1)", "/")]
    [InlineData(null, "/")]
    public void A_redirect_stays_on_this_host(string? asked, string to) => AccountRedirects.Local(asked).ShouldBe(to);

    private static IAuthorizationService Service()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        Policies.Add(services.AddAuthorizationBuilder());
        return services.BuildServiceProvider().GetRequiredService<IAuthorizationService>();
    }

    private static ClaimsPrincipal Person(Guid id, string? operatorRole = null)
    {
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, id.ToString())], "test");
        if (operatorRole is not null) identity.AddClaim(new Claim(PortalClaims.Operator, operatorRole));
        return new ClaimsPrincipal(identity);
    }
}
