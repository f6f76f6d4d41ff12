using System.Globalization;
using Microsoft.AspNetCore.Components;
using Portal.Domain.Catalog;
using Portal.Domain.Catalog.Coupons;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Tenants;
using Portal.Web.Access;
using Portal.Web.Components.Shared;

namespace Portal.Web.Components.TenantPages.BuyCredits;

/// <summary>Packs, an order with all that it costs, and the way to the payment page and back.</summary>
public sealed partial class BuyCreditsPage
{
    private Shop? shop;
    private Pack? chosen;
    private Pack? best;
    private string pool = Domain.Wallet.Pool.SharedKey;
    private string amountText = "";
    private decimal? amount;
    private string couponText = "";
    private Coupon? coupon;
    private string? problem;
    private bool busy;
    private bool changed;
    private Checkout? returned;
    private string? returnedStatus;
    private IDisposable? subscription;

    /// <summary>From the address.</summary>
    [Parameter] public string TenantKey { get; set; } = "";

    /// <summary>Public id of the checkout that the customer comes back from.</summary>
    [SupplyParameterFromQuery(Name = "checkout")] public string? ReturnedFrom { get; set; }

    [CascadingParameter] private CurrentTenant Tenant { get; set; } = default!;

    private decimal? Credits => chosen?.Credits?.Amount ?? amount;

    private TaxedPrice? price => shop is null || chosen is null || Credits is null
        ? null
        : Checkouts.Price(chosen, shop.Tax, chosen.Credits is null ? amount : null, coupon) is { Problem: null } priced ? priced.Value : null;

    private string TaxText => shop is { Tax: { Percent: > 0m } tax } ? $"{tax.Name} {Figures.Credits(tax.Percent)} %" : shop?.Tax.Name ?? "Tax";

    /// <inheritdoc />
    public void Dispose() => subscription?.Dispose();

    /// <inheritdoc />
    protected override async Task OnInitializedAsync()
    {
        if (RendererInfo.IsInteractive) subscription = Signals.Subscribe(Tenant.Id, () => _ = InvokeAsync(RefreshAsync));
        await FindReturnedAsync();
        await LoadAsync();
        if (changed) await LoadAsync();
    }

    private async Task FindReturnedAsync()
    {
        if (!PublicId.TryParse(PublicId.Checkout, ReturnedFrom, out var tenantId, out var id) || tenantId != Tenant.Id) return;
        returned = await Checkouts.RefreshAsync(Tenant.Id, id);
        returnedStatus = returned is null ? null : Checkouts.StatusOf(returned);
    }

    private async Task LoadAsync()
    {
        shop = await Shop.ReadAsync(Source, Tenant.Id, Tenant.Currency, Tenant.Zone);
        best = PackMaths.Best(shop.Packs);
        chosen = shop.Packs.FirstOrDefault(pack => pack.Key == (chosen?.Key ?? returned?.Pack)) ?? best ?? (shop.Packs.Count > 0 ? shop.Packs[0] : null);
    }

    // The wallet changed: the person may have been removed since, so that is asked first.
    private async Task RefreshAsync()
    {
        if (shop is null)
        {
            changed = true; // while the page loads for the first time
            return;
        }

        if ((await Access.RequireAsync(Tenant, MemberRole.Member)).Problem is not null)
        {
            Navigation.NavigateTo("/", forceLoad: true);
            return;
        }

        // Only read: asking the provider again would touch the wallet, and this page would wake itself for ever.
        if (returned is { State: not CheckoutStatus.Paid } waiting)
        {
            returned = await Checkouts.FindAsync(waiting.TenantId, waiting.Id);
            returnedStatus = returned is null ? null : Checkouts.StatusOf(returned);
        }

        await LoadAsync();
        StateHasChanged();
    }

    private void Choose(Pack pack)
    {
        (chosen, problem) = (pack, null);
        if (coupon?.AppliesTo(pack.Key) == false) coupon = null;
    }

    private async Task ApplyCouponAsync()
    {
        var key = couponText.Trim().ToLowerInvariant();
        if (chosen is null || key.Length == 0) return;
        var found = await Checkouts.FindCouponAsync(key, chosen);
        (coupon, problem) = (found.Problem is null ? found.Value : null, found.Problem?.Detail);
        if (coupon is null || shop is null || Credits is null) return;
        if (Checkouts.Price(chosen, shop.Tax, chosen.Credits is null ? amount : null, coupon).Problem is { } free) (coupon, problem) = (null, free.Detail);
    }

    private void DropCoupon() => (coupon, couponText) = (null, "");

    private void Amount(ChangeEventArgs change)
    {
        amountText = change.Value as string ?? "";
        amount = decimal.TryParse(amountText, NumberStyles.Number, CultureInfo.CurrentCulture, out var number) ? number : null;
        problem = null;
        if (shop is null || chosen is null || amount is null || Checkouts.Price(chosen, shop.Tax, amount) is not { Problem: { } refused }) return;
        problem = refused.Code == "credits_out_of_range"
            ? $"{chosen.Name} sells from {Figures.Credits(chosen.Min.Amount)} to {Figures.Credits(chosen.Max.Amount)} credits."
            : refused.Detail;
    }

    private async Task PayAsync()
    {
        if (busy || chosen is null) return;
        (busy, problem) = (true, null);
        var fresh = await Access.RequireAsync(Tenant, MemberRole.Billing);
        var started = fresh.Problem is { } denied
            ? denied
            : await Checkouts.StartAsync(new CheckoutOrder(
                Tenant.Id, chosen.Key, new Uri(Navigation.BaseUri), chosen.Credits is null ? amount : null, pool,
                Coupon: coupon?.Key, Actor: "member:" + PublicId.Format(PublicId.Member, Tenant.Id, Tenant.MemberId)));
        if (started.Problem is { } refused) (busy, problem) = (false, refused.Detail);
        else Navigation.NavigateTo(started.Value.Url!, forceLoad: true);
    }
}
