using System.Globalization;
using System.Security.Claims;
using Bunit;
using Bunit.TestDoubles;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using MudBlazor.Services;
using Portal.Domain;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;
using Portal.Web.Access;

namespace Portal.Web.Tests.TenantPages;

/// <summary>The pages of a tenant "acme" with the pools shared and team-a, over a database of its own, read by "ana" in en-GB.</summary>
internal sealed class Site : BunitContext
{
    /// <summary>Opens it with nothing granted or used.</summary>
    public static async Task<Site> OpenAsync(PostgresFixture postgres)
    {
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("en-GB");
        var portal = await TestPortal.StartAsync(postgres);
        return new Site(portal, await portal.AddTenantAsync("acme", "UTC", "team-a"));
    }

    private readonly Guid member = Guid.CreateVersion7();

    private Site(TestPortal portal, long tenant)
    {
        (Portal, Tenant) = (portal, tenant);
        Services.AddMudServices(mud => mud.PopoverOptions.CheckForPopoverProvider = false);
        Services.AddLogging().AddSingleton(portal.Source).AddSingleton(TimeProvider.System);
        Services.AddDbContextFactory<PortalDbContext>(options => PortalDbContext.Configure(options.UseNpgsql(portal.Source)));
        Services.AddPortalDomain().AddScoped<TenantAccess>().AddScoped<TenantCommands>();
        Services.AddSingleton(portal.Services.GetRequiredService<WalletSignals>());
        this.AddAuthorization().SetAuthorized("ana").SetClaims(new Claim(ClaimTypes.NameIdentifier, User.ToString()), new Claim(ClaimTypes.Email, "ana@example.com"));
        JSInterop.Mode = JSRuntimeMode.Loose;
        DefaultWaitTimeout = TimeSpan.FromSeconds(30);
    }

    public TestPortal Portal { get; }

    public long Tenant { get; }

    public Guid User { get; } = Guid.CreateVersion7();

    public CurrentTenant SignIn(MemberRole role)
    {
        Portal.ExecuteAsync($"""
            insert into members (tenant_id, id, user_id, email, role, invited_at, joined_at)
            values ({Tenant}, '{member}', '{User}', 'ana@example.com', '{role.Text()}', now(), now())
            on conflict (tenant_id, id) do update set role = excluded.role
            """).GetAwaiter().GetResult();
        SetRendererInfo(new RendererInfo("Server", isInteractive: true));
        return new CurrentTenant(Tenant, "acme", "Acme", TimeZoneInfo.Utc, Currency.Of("USD"), User, member, role);
    }

    public IRenderedComponent<TPage> Show<TPage>(MemberRole role) where TPage : IComponent
    {
        var current = SignIn(role);
        return Render<TPage>(page => page.AddCascadingValue(current));
    }

    /// <summary>The page at that address, below the page's own dialogs.</summary>
    public (IRenderedComponent<TPage> Page, IRenderedComponent<MudDialogProvider> Dialogs) Open<TPage>(string path, MemberRole role) where TPage : IComponent
    {
        Services.GetRequiredService<NavigationManager>().NavigateTo("/t/acme/" + path);
        var current = SignIn(role);
        var dialogs = Render<MudDialogProvider>();
        return (Render<TPage>(page => page.AddCascadingValue(current)), dialogs);
    }

    protected override async ValueTask DisposeAsyncCore()
    {
        await base.DisposeAsyncCore();
        await Portal.DisposeAsync();
    }
}
