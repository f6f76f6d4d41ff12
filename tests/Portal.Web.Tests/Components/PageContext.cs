using System.Globalization;
using Bunit;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor.Services;

namespace Portal.Web.Tests.Components;

/// <summary>A page's surroundings for component tests: MudBlazor, a reader of en-GB, scripts that answer nothing.</summary>
public abstract class PageContext : IAsyncLifetime
{
    private readonly CultureInfo before = CultureInfo.CurrentCulture;

    protected PageContext()
    {
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("en-GB");
        Page.JSInterop.Mode = JSRuntimeMode.Loose;
        Page.Services.AddMudServices(options => options.PopoverOptions.CheckForPopoverProvider = false);
    }

    /// <summary>The renderer.</summary>
    protected BunitContext Page { get; } = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        CultureInfo.CurrentCulture = before;
        await Page.DisposeAsync();
    }
}
