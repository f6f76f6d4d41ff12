using System.Globalization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Localization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MudBlazor;
using MudBlazor.Services;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Notifications;
using Portal.Domain.Tenants;
using Portal.Web.Access;
using Portal.Web.Components;
using Portal.Web.Components.Account;
using Portal.Web.Components.ConsolePages;
using Portal.Web.Components.TenantPages;

namespace Portal.Web.Hosting;

/// <summary>The pages: Blazor, MudBlazor, Identity and who may see what.</summary>
public static class UiHosting
{
    /// <summary>Registers the pages and the sign-in. Wants an <see cref="NpgsqlDataSource"/> and the factory of <see cref="PortalDbContext"/> registered.</summary>
    public static WebApplicationBuilder AddPortalUi(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.WebHost.UseStaticWebAssets(); // an unpublished build runs as production too
        var services = builder.Services;
        services.AddRazorComponents().AddInteractiveServerComponents(circuit => circuit.DetailedErrors = builder.Environment.IsDevelopment());
        services.AddMudServices(mud =>
        {
            mud.SnackbarConfiguration.PositionClass = Defaults.Classes.Position.BottomCenter;
            mud.SnackbarConfiguration.PreventDuplicates = true;
        });
        services.AddHttpContextAccessor();
        services.TryAddSingleton(TimeProvider.System);
        services.AddScoped<TenantAccess>();
        services.AddScoped<TenantCommands>();
        services.AddScoped<WebhookCommands>();
        services.AddScoped<ConsoleCommands>().AddScoped<ConsoleWallets>();
        services.AddSingleton<Leaving>();
        services.AddSingleton(provider => MailSettings.Transport(provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<TimeProvider>()));
        services.AddPortalIdentity(builder.Environment);
        services.Configure<RequestLocalizationOptions>(ReadersFormats);
        return builder;
    }

    /// <summary>The pipeline of the pages and their endpoints; call after error handling and before nothing else that answers HTML.</summary>
    public static WebApplication MapPortalUi(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseWhen(http => http.Request.Path.StartsWithSegments("/_blazor", StringComparison.Ordinal), RefuseCircuitsWhileStopping);
        // The API answers problem documents; only pages get pages.
        if (!app.Environment.IsDevelopment()) app.UseWhen(IsPage, pages => pages.UseExceptionHandler("/error", createScopeForErrors: true));
        app.UseStatusCodePagesWithReExecute("/not-found", createScopeForStatusCodePages: true);
        app.Use((context, next) =>
        {
            if (!IsPage(context) && context.Features.Get<IStatusCodePagesFeature>() is { } pages) pages.Enabled = false;
            return next(context);
        });
        app.UseSecurityHeaders();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseRequestLocalization();
        app.UseAntiforgery();
        app.MapStaticAssets();
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode(server => server.ContentSecurityFrameAncestorsPolicy = null);
        app.MapAccountEndpoints();
        app.MapTenantExports();
        app.MapConsoleExports();
        app.MapGet("/", HomeAsync).ExcludeFromDescription();
        return app;
    }

    // Circuits are closed when the stop begins. Browsers reconnect at once, and one that got in before the server stops listening would be
    // waited for until the time for stopping is used up: nothing would be left for the intake to finish.
    private static void RefuseCircuitsWhileStopping(IApplicationBuilder circuits)
    {
        var stopping = circuits.ApplicationServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        circuits.Use((context, next) =>
        {
            if (!stopping.IsCancellationRequested) return next(context);
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.Headers.RetryAfter = "5";
            return Task.CompletedTask;
        });
    }

    private static bool IsPage(HttpContext context) =>
        !context.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal)
        && !context.Request.Path.StartsWithSegments("/webhooks", StringComparison.Ordinal)
        && !context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal);

    private static void AddPortalIdentity(this IServiceCollection services, IHostEnvironment environment)
    {
        services.AddDbContextFactory<AccountDbContext>((provider, options) => options
            .UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>(), npgsql => npgsql.SetPostgresVersion(15, 0))
            .UseSnakeCaseNamingConvention());
        services.AddDataProtection().SetApplicationName("Portal").PersistKeysToDbContext<AccountDbContext>();
        services.AddCascadingAuthenticationState();
        services.AddScoped<AuthenticationStateProvider, SessionRevalidation>();
        services.AddScoped<AccountRedirects>();
        services.AddAuthentication(options =>
        {
            options.DefaultScheme = IdentityConstants.ApplicationScheme;
            options.DefaultSignInScheme = IdentityConstants.ExternalScheme;
        }).AddIdentityCookies(cookies => cookies.ApplicationCookie!.Configure(cookie =>
        {
            cookie.LoginPath = "/account/sign-in";
            cookie.LogoutPath = "/account/sign-out";
            cookie.AccessDeniedPath = "/account/denied";
            cookie.Cookie.Name = "portal";
            cookie.Cookie.SecurePolicy = environment.IsDevelopment() ? CookieSecurePolicy.SameAsRequest : CookieSecurePolicy.Always;
            cookie.ExpireTimeSpan = TimeSpan.FromDays(14);
        }));
        Policies.Add(services.AddAuthorizationBuilder());
        services.AddIdentityCore<PortalUser>(options =>
        {
            options.SignIn.RequireConfirmedAccount = true;
            options.Stores.SchemaVersion = IdentitySchemaVersions.Version3;
            options.User.RequireUniqueEmail = true;
            // Length against guessing, not classes of characters (NIST SP 800-63B).
            options.Password.RequiredLength = 10;
            options.Password.RequiredUniqueChars = 4;
            options.Password.RequireDigit = false;
            options.Password.RequireLowercase = false;
            options.Password.RequireUppercase = false;
            options.Password.RequireNonAlphanumeric = false;
            options.Lockout.MaxFailedAccessAttempts = 5;
            options.Lockout.DefaultLockoutTimeSpan = TimeSpan.FromMinutes(10);
        })
            .AddEntityFrameworkStores<AccountDbContext>()
            .AddSignInManager()
            .AddClaimsPrincipalFactory<PortalClaimsFactory>()
            .AddDefaultTokenProviders();
        services.AddScoped<IEmailSender<PortalUser>, AccountMail>();
    }

    // Numbers and dates as the person chose, else as the browser asks; the texts are English.
    private static void ReadersFormats(RequestLocalizationOptions options)
    {
        options.DefaultRequestCulture = new RequestCulture("en-US");
        options.SupportedCultures = CultureInfo.GetCultures(CultureTypes.SpecificCultures);
        options.SupportedUICultures = [CultureInfo.GetCultureInfo("en-US")];
        options.RequestCultureProviders.Clear();
        options.RequestCultureProviders.Add(new CustomRequestCultureProvider(context =>
            Task.FromResult(context.User.FindFirst(PortalClaims.Locale)?.Value is { } locale ? new ProviderCultureResult(locale) : null)));
        options.RequestCultureProviders.Add(new AcceptLanguageHeaderRequestCultureProvider());
    }

    private static async Task<IResult> HomeAsync(HttpContext http, TenantAccess access)
    {
        if (http.User.Identity?.IsAuthenticated != true) return Results.Redirect("/account/sign-in");
        var tenants = await access.ListAsync(http.User, http.RequestAborted);
        if (tenants.Count > 0) return Results.Redirect($"/t/{tenants[0].Key}");
        return Results.Redirect(http.User.HasClaim(claim => string.Equals(claim.Type, PortalClaims.Operator, StringComparison.Ordinal)) ? "/console" : "/account/company");
    }
}
