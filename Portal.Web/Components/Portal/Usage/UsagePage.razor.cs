using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;
using Portal.Domain.Data;
using Portal.Domain.Tenants;
using Portal.Web.Access;
using Portal.Web.Components.Shared;

namespace Portal.Web.Components.TenantPages.Usage;

/// <summary>The explorer of usage: its address says what it shows, so that a view can be shared and saved.</summary>
public sealed partial class UsagePage(TenantReads reads, NavigationManager navigation) : IDisposable
{
    private readonly CancellationTokenSource gone = new();
    private UsageView view = UsageView.Parse("");
    private UsageData? data;
    private object chart = new();
    private IReadOnlyList<string> largest = [], seriesNames = [];
    private string path = "";
    private int reading;

    /// <summary>The tenant's key in the address.</summary>
    [Parameter] public string TenantKey { get; set; } = "";

    [CascadingParameter] private CurrentTenant Tenant { get; set; } = default!;

    private string Grouped => string.Join(" and ", view.By.Select(by => UsageView.TextOf(by).ToLowerInvariant()));

    private string Title => $"{UsageView.ChartFigures.First(figure => figure.Key == view.Figure).Text} by {Grouped}";

    private string Description => data is null ? "" : $"{Figures.Credits(data.Totals.Credits)} credits in {data.Groups.Count} groups by {Grouped}.";

    private string EventsUri => Tenant.Path("usage/events") + (data is null ? "" : view.EventsQuery(data.Period, [], day: null, Tenant.Zone));

    /// <inheritdoc />
    protected override async Task OnInitializedAsync()
    {
        navigation.LocationChanged += OnLocationChanged;
        path = new Uri(navigation.Uri).AbsolutePath;
        await ReadAsync(Tenant);
    }

    private string Drawn(decimal figure) => view.Figure == "worth" ? Figures.Money(figure, Tenant.Currency.Code) : Figures.Credits(figure);

    private void Show(UsageView wanted) => navigation.NavigateTo(path + wanted.Query);

    private void OnLocationChanged(object? sender, LocationChangedEventArgs change)
    {
        if (new Uri(navigation.Uri).AbsolutePath != path) return;
        _ = InvokeAsync(async () =>
        {
            try
            {
                await ReadAgainAsync(Tenant);
            }
            catch (OperationCanceledException)
            {
                // They have gone on.
            }
            catch (Exception error)
            {
                await DispatchExceptionAsync(error);
            }
        });
    }

    private async Task ReadAgainAsync(CurrentTenant fresh)
    {
        await ReadAsync(fresh);
        StateHasChanged();
    }

    private async Task ReadAsync(CurrentTenant tenant)
    {
        var mine = ++reading;
        view = UsageView.Parse(navigation.Uri);
        if (view.Figure == "worth" && !tenant.May(MemberRole.Billing)) view = view with { Figure = "credits" };
        var read = await UsageData.ReadAsync(reads, tenant, view, gone.Token);
        if (mine != reading) return;
        data = read;
        chart = read.Chart(tenant.Zone);
        (largest, var hasOther) = ChartOptions.Largest(read.Series);
        seriesNames = hasOther ? [.. largest, ChartOptions.OtherName] : largest;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        navigation.LocationChanged -= OnLocationChanged;
        gone.Cancel();
        gone.Dispose();
    }
}
