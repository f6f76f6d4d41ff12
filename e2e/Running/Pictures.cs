using Microsoft.Playwright;

namespace Portal.E2E.Running;

/// <summary>Pictures for people to look at: of all pages, and of where each journey ended. Only with <c>PORTAL_SCREENSHOTS</c>.</summary>
internal static class Pictures
{
    public static string? Folder { get; } = Environment.GetEnvironmentVariable("PORTAL_SCREENSHOTS") is { Length: > 0 } folder ? folder : null;

    public static bool Wanted => Folder is not null;

    public static async Task TakeAsync(IPage page, string name)
    {
        Directory.CreateDirectory(Folder!);
        await page.ScreenshotAsync(new() { Path = Path.Combine(Folder!, name + ".png"), FullPage = true });
    }
}
