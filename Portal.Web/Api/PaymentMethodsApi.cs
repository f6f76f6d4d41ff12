using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Saved;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Payment methods that a tenant left at a provider, and which provider takes its payments.</summary>
public static class PaymentMethodsApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var methods = tenant.MapGroup("/payment-methods").WithTags("Money");
        methods.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<PaymentMethodDocument>>()
            .Says("List payment methods", "Those that may be charged: the default first, then the newest.");
        methods.MapPost("", StartAsync).RequireScope(Scope.Manage).Answers<PaymentMethodDocument>(201).Says(
            "Add a payment method", "Send the customer to `url`, where they leave it with the provider. The first one becomes the default.",
            """{"return_url":"https://app.example.com/billing"}""");
        methods.MapPost("/{method}/default", MakeDefaultAsync).RequireScope(Scope.Manage).Answers<PaymentMethodDocument>()
            .Says("Charge this payment method from now on");
        methods.MapDelete("/{method}", RemoveAsync).RequireScope(Scope.Manage).Produces(204)
            .Says("Remove a payment method", "It is not charged again. If it was the default, the newest of the others becomes that.");
        tenant.MapPut("/payment-provider", PreferAsync).PlatformOnly().WithTags("Money").Produces(204).Says(
            "Choose the provider of a tenant", "For payments from now on; null leaves it to the currency again. What was paid elsewhere stays there.", """{"provider":"stripe"}""");
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, PathTenant tenant, PaymentMethods methods, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var all = await methods.ListAsync(tenant.Id, cancellationToken);
        var after = page.Value.After is { Length: > 0 } last ? all.TakeWhile(method => method.PublicId != last).Count() + 1 : 0;
        return page.Value.Answer([.. all.Skip(after).Take(page.Value.Fetch)], method => method.PublicId, PaymentMethodDocument.Of);
    }

    // Not in the wallet's transaction: the provider is called in between. A repeat after a crash opens another page; nothing was charged.
    private static Task<IResult> StartAsync(
        Body<NewPaymentMethod> body, PathTenant tenant, HttpContext http, ApiCaller caller, ApiWrites writes, PaymentMethods methods, CancellationToken cancellationToken)
    {
        var portal = new Uri($"{http.Request.Scheme}://{http.Request.Host}/");
        var order = new MethodOrder(tenant.Id, portal, body.Value.Provider, body.Value.ReturnUrl, caller.Actor);
        return writes.InPlatformAsync(http, async _ => (await methods.StartAsync(order, cancellationToken)).Map(started =>
            Answer.Created($"/v1/tenants/{tenant.Key}/payment-methods/{started.PublicId}", PaymentMethodDocument.Of(started))));
    }

    private static Task<IResult> MakeDefaultAsync(string method, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var chosen = await PaymentMethods.MakeDefaultAsync(wallet, IdOf(tenant, method), cancellationToken);
            if (chosen.Succeeded) await NoteAsync(wallet, "payment_method.default", method, cancellationToken);
            return chosen.Map(made => Answer.Ok(PaymentMethodDocument.Of(made)));
        });

    private static async Task<IResult> RemoveAsync(
        string method, PathTenant tenant, HttpContext http, ApiWrites writes, PaymentMethods methods, CancellationToken cancellationToken)
    {
        var answer = await writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var removed = await PaymentMethods.RemoveAsync(wallet, IdOf(tenant, method), cancellationToken);
            if (removed.Succeeded) await NoteAsync(wallet, "payment_method.removed", method, cancellationToken);
            return removed.Map(_ => Answer.Nothing());
        });
        await methods.ForgetAsync(cancellationToken);
        return answer;
    }

    private static Task<IResult> PreferAsync(
        Body<ProviderPreference> body, PathTenant tenant, HttpContext http, ApiWrites writes, PaymentProviders providers, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var set = await PaymentPreference.SetAsync(wallet, providers, body.Value.Provider, cancellationToken);
            if (set.Succeeded) await NoteAsync(wallet, "payment_provider.set", body.Value.Provider, cancellationToken);
            return set.Map(_ => Answer.Nothing());
        });

    private static Task NoteAsync(WalletTransaction wallet, string action, string? subject, CancellationToken cancellationToken) =>
        Audit.WriteAsync(wallet.Connection, wallet.TenantId, wallet.Now, wallet.Actor, action, subject, detail: null, cancellationToken);

    // Another tenant's id is nobody's here.
    private static Guid IdOf(PathTenant tenant, string text) =>
        PublicId.TryParse(PublicId.PaymentMethod, text, out var owner, out var id) && owner == tenant.Id ? id : Guid.Empty;
}

/// <summary>A payment method to leave.</summary>
/// <param name="Provider">Payment provider; default the tenant's.</param>
/// <param name="ReturnUrl">Where the customer goes afterwards: of a registered origin.</param>
public sealed record NewPaymentMethod(string? Provider = null, string? ReturnUrl = null);

/// <summary>Which provider takes a tenant's payments.</summary>
/// <param name="Provider">Its key; null: as its currency says.</param>
public sealed record ProviderPreference(string? Provider);

/// <summary>A payment method as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Status">`pending` (the page is open), `saved` or `removed`.</param>
/// <param name="Provider">Where it was left.</param>
/// <param name="Label">What to show for it.</param>
/// <param name="ExpiresOn">The last day on which it can be charged.</param>
/// <param name="Default">It is the one that is charged.</param>
/// <param name="Url">Where the customer leaves it, while it is pending.</param>
public sealed record PaymentMethodDocument(string Id, string Status, string Provider, string? Label, DateOnly? ExpiresOn, bool Default, string? Url)
{
    /// <summary>The document of a method.</summary>
    public static PaymentMethodDocument Of(PaymentMethod method)
    {
        ArgumentNullException.ThrowIfNull(method);
        return new(
            method.PublicId, method.State, method.Provider, method.Label, method.ExpiresOn, method.IsDefault,
            method.State == MethodState.Pending ? method.Url : null);
    }
}
