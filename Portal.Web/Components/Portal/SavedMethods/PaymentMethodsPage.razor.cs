using Microsoft.AspNetCore.Components;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Saved;
using Portal.Domain.Tenants;
using Portal.Web.Access;

namespace Portal.Web.Components.TenantPages.SavedMethods;

/// <summary>Payment methods: add one on the provider's page, choose the one that is charged, take one away.</summary>
public sealed partial class PaymentMethodsPage
{
    private IReadOnlyList<PaymentMethod>? methods;
    private string? notice;
    private bool failed;
    private bool busy;

    /// <summary>From the address.</summary>
    [Parameter] public string TenantKey { get; set; } = "";

    /// <summary>Public id of the method that the customer comes back from leaving.</summary>
    [SupplyParameterFromQuery(Name = "method")] public string? ReturnedFrom { get; set; }

    [CascadingParameter] private CurrentTenant Tenant { get; set; } = default!;

    private DateOnly Today => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(Time.GetUtcNow(), Tenant.Zone).DateTime);

    /// <inheritdoc />
    protected override async Task OnInitializedAsync()
    {
        if (!Tenant.May(MemberRole.Billing)) return;
        if (PublicId.TryParse(PublicId.PaymentMethod, ReturnedFrom, out var tenantId, out var id) && tenantId == Tenant.Id) await ReturnAsync(id);
        methods = await Methods.ListAsync(Tenant.Id);
    }

    private async Task ReturnAsync(Guid id)
    {
        try
        {
            notice = await Methods.RefreshAsync(Tenant.Id, id) switch
            {
                { State: MethodState.Saved } saved => $"{saved.Label} is saved.",
                { State: MethodState.Removed } => "That payment method was there already.",
                { } => "Nothing was saved. If you did leave a payment method, it appears here once the provider has told us.",
                null => null,
            };
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException)
        {
            notice = "The payment provider does not answer at the moment. What you left appears here once it does.";
        }
    }

    private async Task AddAsync()
    {
        if (busy) return;
        busy = true;
        var fresh = await Access.RequireAsync(Tenant, MemberRole.Billing);
        var started = fresh.Problem is { } denied
            ? denied
            : await Methods.StartAsync(new MethodOrder(
                Tenant.Id, new Uri(Navigation.BaseUri), Actor: "member:" + PublicId.Format(PublicId.Member, Tenant.Id, Tenant.MemberId)));
        if (started.Problem is { } refused) (busy, failed, notice) = (false, true, refused.Detail);
        else Navigation.NavigateTo(started.Value.Url!, forceLoad: true);
    }

    private Task MakeDefaultAsync(PaymentMethod method) => ChangeAsync(
        wallet => PaymentMethods.MakeDefaultAsync(wallet, method.Id), "payment_method.default", method, $"{method.Label} is charged from now on.");

    private async Task RemoveAsync(PaymentMethod method)
    {
        var sure = await Dialogs.ShowMessageBoxAsync(
            "Remove this payment method?", $"{method.Label} is not charged again. Invoices and top-ups need another one.", yesText: "Remove", cancelText: "Keep");
        if (sure != true) return;
        await ChangeAsync(wallet => PaymentMethods.RemoveAsync(wallet, method.Id), "payment_method.removed", method, $"{method.Label} was removed.");
        await Methods.ForgetAsync();
    }

    private async Task ChangeAsync<T>(Func<Domain.Wallet.WalletTransaction, Task<Result<T>>> change, string action, PaymentMethod method, string done)
    {
        if (busy) return;
        busy = true;
        var changed = await Commands.RunAsync(Tenant, MemberRole.Billing, async wallet =>
        {
            var result = await change(wallet);
            if (result.Succeeded)
                await Audit.WriteAsync(wallet.Connection, wallet.TenantId, wallet.Now, wallet.Actor, action, method.PublicId, detail: null, CancellationToken.None);
            return result;
        });
        (busy, failed, notice) = (false, !changed.Succeeded, changed.Problem?.Detail ?? done);
        methods = await Methods.ListAsync(Tenant.Id);
    }

    private static string ProviderName(string key) => key switch
    {
        "stripe" => "Stripe",
        "adyen" => "Adyen",
        "checkoutcom" => "Checkout.com",
        "sandbox" => "Sandbox",
        _ => key,
    };
}
