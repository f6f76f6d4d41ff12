using System.Text;
using MudBlazor;

namespace Portal.Web.Theming;

/// <summary>
/// The look of the portal. Both palettes are written as CSS variables at once (<see cref="Css"/>), and
/// <c>&lt;html data-theme="light|dark"&gt;</c> chooses: pages switch without a circuit, static account pages too, and none flashes.
/// </summary>
public static class PortalTheme
{
    private static readonly string[] Sans = ["Geist", "system-ui", "-apple-system", "Segoe UI", "Liberation Sans", "sans-serif"];

    private static readonly PaletteLight Light = new()
    {
        Black = "#14201c",
        Primary = "#0b6b55",
        PrimaryContrastText = "#ffffff",
        Secondary = "#9a5410",
        SecondaryContrastText = "#ffffff",
        Tertiary = "#4a5a8a",
        Info = "#2a5f9e",
        Success = "#1d7a45",
        Warning = "#96600a",
        Error = "#b3362b",
        Dark = "#22302b",
        TextPrimary = "#16211d",
        TextSecondary = "#55635d",
        TextDisabled = "#8d9993",
        ActionDefault = "#55635d",
        ActionDisabled = "#a9b3ae",
        ActionDisabledBackground = "#e4e7e2",
        Background = "#f6f6f1",
        BackgroundGray = "#eeefe8",
        Surface = "#ffffff",
        DrawerBackground = "#f6f6f1",
        DrawerText = "#3c4a44",
        DrawerIcon = "#6b7a73",
        AppbarBackground = "#f6f6f1",
        AppbarText = "#16211d",
        LinesDefault = "#e2e4dc",
        LinesInputs = "#858f89",
        TableLines = "#e8eae3",
        TableHover = "#f4f5ef",
        TableStriped = "#fafaf6",
        Divider = "#e2e4dc",
        DividerLight = "#eceee7",
        Skeleton = "#e6e8e1",
        OverlayDark = "rgba(17,26,22,.45)",
    };

    // A light palette by type, so that the one generator of variables writes it; dark by its values.
    private static readonly PaletteLight Dark = new()
    {
        Black = "#0b100e",
        White = "#ffffff",
        Primary = "#5ec9a9",
        PrimaryContrastText = "#06251c",
        Secondary = "#e9a460",
        SecondaryContrastText = "#2a1603",
        Tertiary = "#a3b3e6",
        TertiaryContrastText = "#101830",
        Info = "#82b6f0",
        InfoContrastText = "#0a1c33",
        Success = "#6fcf97",
        SuccessContrastText = "#06251c",
        Warning = "#e5b567",
        WarningContrastText = "#2a1b03",
        Error = "#f0897d",
        ErrorContrastText = "#330b07",
        Dark = "#2a3631",
        TextPrimary = "#e9eeeb",
        TextSecondary = "#a1afa8",
        TextDisabled = "#66736d",
        ActionDefault = "#a1afa8",
        ActionDisabled = "#56625c",
        ActionDisabledBackground = "#222b27",
        Background = "#0e1412",
        BackgroundGray = "#121a17",
        Surface = "#161e1b",
        DrawerBackground = "#0e1412",
        DrawerText = "#c3cec8",
        DrawerIcon = "#8b9a93",
        AppbarBackground = "#0e1412",
        AppbarText = "#e9eeeb",
        LinesDefault = "#26312c",
        LinesInputs = "#68756f",
        TableLines = "#222c28",
        TableHover = "#1b2521",
        TableStriped = "#19221f",
        Divider = "#26312c",
        DividerLight = "#1f2925",
        Skeleton = "#222c28",
        GrayDefault = "#7d8a84",
        GrayLight = "#56625c",
        GrayLighter = "#2c3732",
        GrayDark = "#a1afa8",
        GrayDarker = "#c3cec8",
        OverlayDark = "rgba(0,0,0,.6)",
    };

    /// <summary>Colours of series in charts, in order, per theme; text on the page's surface stays legible beside them.</summary>
    private const string LightCharts =
        "--chart-1:#0b6b55;--chart-2:#d98a3d;--chart-3:#5b73b8;--chart-4:#b5588a;--chart-5:#7a9a3a;--chart-6:#8a6bbf;--chart-7:#3b9aa8;--chart-8:#a67c52;"
        + "--shade-1:0 1px 2px rgba(20,32,28,.05);--shade-2:0 8px 28px rgba(20,32,28,.12);color-scheme:light;";

    private const string DarkCharts =
        "--chart-1:#5ec9a9;--chart-2:#e9a460;--chart-3:#8fa5ea;--chart-4:#e08ab8;--chart-5:#a9c967;--chart-6:#b79be8;--chart-7:#6cc5d2;--chart-8:#cda77d;"
        + "--shade-1:0 0 0 rgba(0,0,0,0);--shade-2:0 12px 32px rgba(0,0,0,.5);color-scheme:dark;";

    /// <summary>The variables of both palettes, for the head of every page.</summary>
    public static string Css { get; } = Write();

    private static string Write()
    {
        var css = new StringBuilder();
        Append(css, ":root,:root[data-theme=light]", Light, LightCharts);
        Append(css, ":root[data-theme=dark]", Dark, DarkCharts);
        return css.ToString();
    }

    private static void Append(StringBuilder css, string selector, PaletteLight palette, string more)
    {
        css.Append(selector).Append('{');
        new Variables(Build(palette)).WriteTo(css);
        css.Append(more).AppendLine("}");
    }

    private static MudTheme Build(PaletteLight palette) => new()
    {
        PaletteLight = palette,
        LayoutProperties = new LayoutProperties { DefaultBorderRadius = "10px", DrawerWidthLeft = "248px", AppbarHeight = "60px" },
        Typography = new Typography
        {
            Default = new DefaultTypography { FontFamily = Sans, FontSize = ".9375rem", LineHeight = "1.5", LetterSpacing = "-.003em" },
            H1 = Heading<H1Typography>("2.25rem", "600", "-.028em"),
            H2 = Heading<H2Typography>("1.875rem", "600", "-.025em"),
            H3 = Heading<H3Typography>("1.5rem", "600", "-.02em"),
            H4 = Heading<H4Typography>("1.25rem", "600", "-.017em"),
            H5 = Heading<H5Typography>("1.0625rem", "600", "-.012em"),
            H6 = Heading<H6Typography>(".9375rem", "600", "-.008em"),
            Subtitle1 = Text<Subtitle1Typography>("1rem", "500"),
            Subtitle2 = Text<Subtitle2Typography>(".875rem", "500"),
            Body1 = Text<Body1Typography>(".9375rem", "400"),
            Body2 = Text<Body2Typography>(".875rem", "400"),
            Button = Text<ButtonTypography>(".875rem", "550"),
            Caption = Text<CaptionTypography>(".8125rem", "400"),
            Overline = Text<OverlineTypography>(".75rem", "550"),
        },
    };

    private static T Heading<T>(string size, string weight, string spacing) where T : BaseTypography, new() =>
        new() { FontFamily = Sans, FontSize = size, FontWeight = weight, LineHeight = "1.2", LetterSpacing = spacing, TextTransform = "none" };

    private static T Text<T>(string size, string weight) where T : BaseTypography, new() =>
        new() { FontFamily = Sans, FontSize = size, FontWeight = weight, LineHeight = "1.5", LetterSpacing = "-.003em", TextTransform = "none" };

    /// <summary>MudBlazor's own generator of variables, used outside the render tree.</summary>
    private sealed class Variables : MudThemeProvider
    {
        public Variables(MudTheme theme) => Theme = theme;

        public void WriteTo(StringBuilder css) => GenerateTheme(css);
    }
}
