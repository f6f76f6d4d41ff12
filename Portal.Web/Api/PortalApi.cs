using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>The HTTP API, version 1: a file per noun, mapped here.</summary>
public static class PortalApi
{
    /// <summary>Registers what the API needs besides the domain.</summary>
    public static WebApplicationBuilder AddPortalApi(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.ConfigureHttpJsonOptions(json => ApiJson.Configure(json.SerializerOptions));
        builder.Services.AddSingleton<TenantGate>();
        builder.Services.AddSingleton<ApiAddresses>();
        builder.Services.AddSingleton<ApiWrites>();
        builder.Services.AddApiDocument();
        builder.Services.AddHostedService<FirstPlatformKey>();
        return builder;
    }

    /// <summary>Maps everything under <c>/v1</c>, the OpenAPI document and its page.</summary>
    public static WebApplication MapPortalApi(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseWhen(http => http.Request.Path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase), api => api.UseMiddleware<ApiGate>());
        var v1 = app.MapGroup("/v1").AllowAnonymous().DisableAntiforgery().AddEndpointFilter(ApiProblems.RefuseUnchecked);
        var tenant = v1.MapGroup($"/tenants/{{{ApiGate.TenantParameter}}}");
        TenantsApi.Map(v1, tenant);
        PoolsApi.Map(tenant);
        TeamsApi.Map(tenant);
        ConsumersApi.Map(tenant);
        AllowancesApi.Map(tenant);
        MembersApi.Map(tenant);
        ApiKeysApi.Map(v1, tenant);
        EventsApi.Map(v1);
        CorrectionsApi.Map(v1);
        StoredEventsApi.Map(tenant);
        CorrectionsApi.MapTenant(tenant);
        AuditApi.Map(v1, tenant);
        ProductsApi.Map(v1);
        MetersApi.Map(v1);
        PacksApi.Map(v1);
        CouponsApi.Map(v1);
        PlansApi.Map(v1);
        OutcomesApi.Map(v1);
        TemplatesApi.Map(v1);
        RateCardsApi.Map(v1);
        CostCardsApi.Map(v1);
        ReratesApi.Map(v1);
        OperationsApi.Map(v1);
        CheckoutsApi.Map(v1);
        WebhooksApi.Map(app);
        WebhookEndpointsApi.Map(v1, tenant);
        AlertsApi.Map(tenant);
        HoldsApi.Map(v1);
        GrantsApi.Map(tenant);
        PaymentsApi.Map(tenant);
        PaymentMethodsApi.Map(tenant);
        AutoTopUpsApi.Map(tenant);
        RefundsApi.Map(tenant);
        SandboxApi.Map(tenant);
        TransfersApi.Map(tenant);
        MergeApi.Map(tenant);
        OutcomeCasesApi.Map(tenant);
        BalanceApi.Map(tenant);
        UsageApi.Map(tenant);
        LedgerApi.Map(tenant);
        SubscriptionsApi.Map(tenant);
        InvoicesApi.Map(tenant);
        TestClockApi.Map(v1);
        ReconciliationApi.Map(v1);
        FxRatesApi.Map(v1);
        TaxApi.Map(v1, tenant);
        ReportsApi.Map(v1);
        FinanceApi.Map(v1);
        app.MapApiDocument();
        return app;
    }
}
