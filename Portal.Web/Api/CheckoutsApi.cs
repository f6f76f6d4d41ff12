using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Sandbox;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Purchases of packs on a payment provider's page.</summary>
public static class CheckoutsApi
{
    private const string Example = """{"tenant":"acme","pack":"starter","pool":"shared","return_url":"https://app.example.com/billing"}""";

    /// <summary>Maps the endpoints; paying without a browser only where the sandbox is on.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var checkouts = v1.MapGroup("/checkouts").WithTags("Checkouts");
        checkouts.MapPost("", StartAsync).RequireScope(Scope.Manage).Answers<CheckoutDocument>(201)
            .Says("Start a purchase", "Send the customer to `url`. Nothing is charged before they pay there; the credits are granted when the payment arrives.", Example);
        checkouts.MapGet("/{id}", GetAsync).RequireScope(Scope.Read).Answers<CheckoutDocument>()
            .Says("Get a purchase", "`open`, `failed` (the last card was refused; another may be tried), `paid` or `expired` (24 hours after the start).");
        if (((IEndpointRouteBuilder)v1).ServiceProvider.GetService<SandboxProvider>() is null) return;
        checkouts.MapPost("/{id}/pay", PayAsync).RequireScope(Scope.Manage).Answers<CheckoutDocument>()
            .Says("Pay without a browser (sandbox)", "Test cards only: 4242424242424242 pays, 4000000000000002 is declined, 4000002500003155 wants authentication.", """{"card":"4242424242424242"}""");
    }

    private static async Task<IResult> StartAsync(
        Body<NewCheckout> body, HttpContext http, ApiCaller caller, ApiWrites writes, Checkouts checkouts, CancellationToken cancellationToken)
    {
        var tenant = await http.FindTenantAsync(body.Value.Tenant);
        if (tenant.Problem is { } unknown) return new ProblemAnswer(unknown);
        var order = new CheckoutOrder(
            tenant.Value.Id, body.Value.Pack, new Uri($"{http.Request.Scheme}://{http.Request.Host}/"), body.Value.Credits, body.Value.Pool,
            body.Value.Provider, body.Value.Coupon, body.Value.ReturnUrl, caller.Actor);

        // Not in the wallet's transaction: the provider is called in between, and no lock waits for a network. Should the process die
        // before the answer is kept, the repeat starts another checkout and nobody was charged for the first.
        return await writes.InPlatformAsync(http, async _ => (await checkouts.StartAsync(order, cancellationToken))
            .Map(started => Answer.Created($"/v1/checkouts/{started.PublicId}", Document(checkouts, started))));
    }

    private static async Task<IResult> GetAsync(string id, ApiCaller caller, Checkouts checkouts, CancellationToken cancellationToken) =>
        await FindAsync(id, caller, checkouts, cancellationToken) is { } checkout ? Answer.Ok(Document(checkouts, checkout)) : Unknown();

    private static async Task<IResult> PayAsync(
        string id, Body<SandboxPayment> body, ApiCaller caller, Checkouts checkouts, SandboxProvider sandbox, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, caller, checkouts, cancellationToken) is not { } checkout || checkout.Provider != sandbox.Key) return Unknown();
        var attempt = (await checkouts.AttemptsAsync(checkout, cancellationToken)).LastOrDefault(a => a.ProviderObject is not null);
        if (attempt is null) return Unknown();
        var paid = await sandbox.PayAsync(attempt.ProviderObject!, body.Value.Card, cancellationToken);
        if (paid.Problem is { } problem) return new ProblemAnswer(problem);
        checkout = (await checkouts.RefreshAsync(checkout.TenantId, checkout.Id, cancellationToken))!;
        if (paid.Value.IsDone) return Answer.Ok(Document(checkouts, checkout));
        var refusal = paid.Value.IsChallenged
            ? new Problem(ProblemKind.PaymentRequired, "authentication_required", "The card wants its holder to authenticate on the payment page.")
            : new Problem(ProblemKind.PaymentRequired, "card_declined", "The card was declined. Nothing was charged; another may be tried.");
        return new ProblemAnswer(refusal with
        {
            Extensions = new Dictionary<string, object?>(StringComparer.Ordinal) { ["checkout"] = Document(checkouts, checkout) },
        });
    }

    private static async Task<Checkout?> FindAsync(string id, ApiCaller caller, Checkouts checkouts, CancellationToken cancellationToken) =>
        PublicId.TryParse(PublicId.Checkout, id, out var tenantId, out var checkoutId) && (caller.OnlyTenant is not { } own || own == tenantId)
            ? await checkouts.FindAsync(tenantId, checkoutId, cancellationToken)
            : null;

    private static ProblemAnswer Unknown() => new(Problem.NotFound("unknown_checkout", "There is no such checkout."));

    internal static CheckoutDocument Document(Checkouts checkouts, Checkout checkout) => new(checkout.PublicId, checkout.Url, checkouts.StatusOf(checkout));
}

/// <summary>A purchase to start.</summary>
/// <param name="Tenant">Key or id of the tenant.</param>
/// <param name="Pack">Key of the pack.</param>
/// <param name="Credits">How many, for a pack that sells a custom amount.</param>
/// <param name="Pool">Pool that gets the credits; default `shared`.</param>
/// <param name="Provider">Payment provider; default the portal's.</param>
/// <param name="Coupon">Key of a coupon.</param>
/// <param name="ReturnUrl">Where the customer goes afterwards: of a registered origin.</param>
public sealed record NewCheckout(
    string Tenant, string Pack, decimal? Credits = null, string? Pool = null, string? Provider = null, string? Coupon = null, string? ReturnUrl = null);

/// <summary>A card of the sandbox.</summary>
/// <param name="Card">One of the test numbers; any other is refused.</param>
public sealed record SandboxPayment(string Card);

/// <summary>A purchase as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Url">Where the customer pays.</param>
/// <param name="Status">`open`, `paid`, `failed` or `expired`.</param>
public sealed record CheckoutDocument(string Id, string? Url, string Status);
