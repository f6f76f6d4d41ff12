using System.Reflection;
using System.Text;
using UglyToad.PdfPig.Content;
using UglyToad.PdfPig.Core;
using UglyToad.PdfPig.Fonts.TrueType;
using UglyToad.PdfPig.Fonts.TrueType.Parser;
using UglyToad.PdfPig.Writer;

namespace Portal.Domain.Invoicing.Pdf;

/// <summary>Writes text and lines on A4 pages, top down, in millimetres' neighbourhood: points from the left and from the top.</summary>
internal sealed class PdfPen : IDisposable
{
    public const int Left = 56, Right = 539, Top = 56, Bottom = 770;

    private const int PageHeight = 842;
    private static readonly byte[] RegularFont = Font("LiberationSans-Regular.ttf");
    private static readonly byte[] BoldFont = Font("LiberationSans-Bold.ttf");
    private static readonly HashSet<int> Drawable = Glyphs();

    private readonly PdfDocumentBuilder document = new();
    private readonly PdfDocumentBuilder.AddedFont regular;
    private readonly PdfDocumentBuilder.AddedFont bold;
    private readonly List<PdfPageBuilder> pages = [];

    public PdfPen()
    {
        regular = document.AddTrueTypeFont(RegularFont);
        bold = document.AddTrueTypeFont(BoldFont);
        Turn();
    }

    /// <summary>Where the next thing goes, from the top.</summary>
    public int Y { get; set; }

    /// <summary>The page that is written on.</summary>
    public PdfPageBuilder Page => pages[^1];

    /// <summary>Begins another page.</summary>
    public void Turn()
    {
        pages.Add(document.AddPage(PageSize.A4));
        Y = Top;
    }

    /// <summary>Writes from a place to the right.</summary>
    public void Write(string text, int x, int size = 9, bool strong = false, byte grey = 30) => Draw(Page, Sanitise(text), x, Y, size, strong, grey);

    /// <summary>Writes so that the text ends at a place.</summary>
    public void WriteTo(string text, int right, int size = 9, bool strong = false, byte grey = 30)
    {
        var clean = Sanitise(text);
        Draw(Page, clean, right - (int)Math.Ceiling(WidthOf(clean, size, strong)), Y, size, strong, grey);
    }

    /// <summary>The text in lines no wider than some points, at most so many.</summary>
    public IReadOnlyList<string> Wrap(string text, int width, int size = 9, int most = 4)
    {
        var lines = new List<string>();
        var line = new StringBuilder();
        foreach (var word in Sanitise(text).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && WidthOf($"{line} {word}", size, strong: false) > width)
            {
                lines.Add(line.ToString());
                line.Clear();
            }

            line.Append(line.Length == 0 ? "" : " ").Append(word);
        }

        if (line.Length > 0) lines.Add(line.ToString());
        return lines.Count <= most ? lines : [.. lines.Take(most - 1), lines[most - 1] + "…"];
    }

    /// <summary>A thin line across the page at the next place.</summary>
    public void Rule(byte grey = 200)
    {
        Page.SetStrokeColor(grey, grey, grey);
        Page.DrawLine(new PdfPoint(Left, PageHeight - Y), new PdfPoint(Right, PageHeight - Y), 0.6);
    }

    /// <inheritdoc />
    public void Dispose() => document.Dispose();

    /// <summary>Numbers the pages and answers the document.</summary>
    public byte[] Finish(string footer)
    {
        for (var i = 0; i < pages.Count; i++)
        {
            Draw(pages[i], Sanitise(footer), Left, 806, 8, strong: false, grey: 120);
            var page = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"Page {i + 1} of {pages.Count}");
            Draw(pages[i], page, Right - (int)Math.Ceiling(WidthOf(page, 8, strong: false)), 806, 8, strong: false, grey: 120);
        }

        return document.Build();
    }

    private void Draw(PdfPageBuilder page, string text, int x, int y, int size, bool strong, byte grey)
    {
        if (text.Length == 0) return;
        page.SetTextAndFillColor(grey, grey, grey);
        page.AddText(text, size, new PdfPoint(x, PageHeight - y), strong ? bold : regular);
    }

    private decimal WidthOf(string text, int size, bool strong)
    {
        if (text.Length == 0) return 0m;
        var letters = Page.MeasureText(text, size, new PdfPoint(0, 0), strong ? bold : regular);
        return (decimal)(letters[^1].BoundingBox.Right);
    }

    // What the font cannot draw is shown as a question mark rather than refused; odd spaces are spaces.
    private static string Sanitise(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune)) clean.Append(' ');
            else if (rune.IsBmp && Drawable.Contains(rune.Value)) clean.Append(rune.ToString());
            else if (!Rune.IsControl(rune)) clean.Append('?');
        }

        return clean.ToString();
    }

    private static HashSet<int> Glyphs()
    {
        var font = TrueTypeFontParser.Parse(new TrueTypeDataBytes(RegularFont));
        return [.. Enumerable.Range(32, 0xFFFF - 32).Where(code => font.WindowsUnicodeCMap?.CharacterCodeToGlyphIndex(code) > 0)];
    }

    private static byte[] Font(string name)
    {
        var assembly = Assembly.GetExecutingAssembly();
        using var stream = assembly.GetManifestResourceStream($"Portal.Domain.Invoicing.Pdf.Fonts.{name}") ?? throw new InvalidOperationException($"The font {name} is not embedded.");
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
