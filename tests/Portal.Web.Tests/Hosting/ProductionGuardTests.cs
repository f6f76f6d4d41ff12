using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Portal.Domain.Data;
using Portal.Web.Hosting;

namespace Portal.Web.Tests.Hosting;

public sealed class ProductionGuardTests
{
    [Theory]
    [InlineData("Portal:Sandbox", "true", "Portal__Sandbox")]
    [InlineData("Portal:Seed", "demo", "Portal__Seed")]
    [InlineData("Portal:BootstrapPlatformKey", "change-me-change-me-change-me", "Portal__BootstrapPlatformKey")]
    [InlineData("Portal:BootstrapPlatformKey", "short", "Portal__BootstrapPlatformKey")]
    public void Production_refuses_what_is_for_trying_out(string key, string value, string named)
    {
        Should.Throw<CannotStartException>(() => Check(Environments.Production, (key, value))).Message.ShouldContain(named);
        Check(Environments.Development, (key, value));
        Check(Environments.Production, (key, value), ("Portal:AllowSandboxInProduction", "true"));
    }

    [Fact]
    public void Production_takes_real_settings() => Check(
        Environments.Production, ("Portal:Sandbox", "false"), ("Portal:Seed", "none"), ("Portal:BootstrapPlatformKey", "pk_9f3a61c07be24d5f8a1c"));

    private static void Check(string environment, params (string Key, string Value)[] settings) => ProductionGuard.Check(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build(),
        new HostingEnvironment { EnvironmentName = environment });
}
