using System.Globalization;
using Portal.Domain.Kernel;

namespace Portal.Domain.Invoicing.Pdf;

/// <summary>What documents have in common: the head with both parties, a table of amounts, sums.</summary>
internal static class PdfParts
{
    /// <summary>Title, facts and parties; what follows begins below.</summary>
    public static void Head(PdfPen pen, string title, Invoice invoice, IEnumerable<(string Name, string Value)> facts)
    {
        pen.Y = 70;
        pen.Write(title, PdfPen.Left, 22, strong: true);
        pen.WriteTo(invoice.Seller?.Name ?? "", PdfPen.Right, 11, strong: true);
        pen.Y = 96;
        foreach (var (index, (name, value)) in facts.Index())
        {
            pen.Write(name, PdfPen.Left, 9, grey: 110);
            pen.Write(value, PdfPen.Left + 92, 9, strong: index == 0);
            pen.Y += 14;
        }

        var below = pen.Y + 14;
        Party(pen, "From", invoice.Seller, PdfPen.Left, below);
        var left = pen.Y;
        Party(pen, "Bill to", invoice.Customer, 310, below);
        pen.Y = Math.Max(left, pen.Y) + 34;
    }

    /// <summary>Rows of a text and an amount, over as many pages as they take, and the rule below them.</summary>
    public static void Table(PdfPen pen, string head, IReadOnlyList<(string Text, string Amount)> rows)
    {
        Columns(pen, head);
        foreach (var (text, amount) in rows)
        {
            if (pen.Y + 24 > PdfPen.Bottom)
            {
                pen.Turn();
                Columns(pen, head);
            }

            pen.WriteTo(amount, PdfPen.Right);
            foreach (var part in pen.Wrap(text, 380))
            {
                pen.Write(part, PdfPen.Left);
                pen.Y += 12;
            }

            pen.Y += 4;
        }

        if (pen.Y + 110 > PdfPen.Bottom) pen.Turn();
        pen.Rule();
        pen.Y += 16;
    }

    /// <summary>A sum.</summary>
    public static void Sum(PdfPen pen, string name, decimal amount, Currency currency, bool strong = false)
    {
        pen.Write(name, 310, strong ? 10 : 9, strong);
        pen.WriteTo(Amount(amount, currency), PdfPen.Right, strong ? 10 : 9, strong);
        pen.Y += 15;
    }

    /// <summary>The sum of a tax.</summary>
    public static void Tax(PdfPen pen, InvoiceTax tax, Currency currency) =>
        Sum(pen, tax.Percent == 0m ? tax.Name : $"{tax.Name} {Plain(tax.Percent)} % on {Amount(tax.Net, currency)}", tax.Amount, currency);

    /// <summary>Money with its currency.</summary>
    public static string Amount(decimal amount, Currency currency) =>
        amount.ToString("N" + currency.MinorPlaces.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) + " " + currency.Code;

    /// <summary>A number with no more digits than it has.</summary>
    public static string Plain(decimal number, int least = 0) =>
        number.ToString("#,0." + new string('0', least) + new string('#', 15 - least), CultureInfo.InvariantCulture);

    /// <summary>A date.</summary>
    public static string Day(DateTimeOffset instant, TimeZoneInfo zone) => zone.DateIn(instant).ToString("d MMMM yyyy", CultureInfo.InvariantCulture);

    private static void Columns(PdfPen pen, string head)
    {
        pen.Write(head, PdfPen.Left, 8, grey: 110);
        pen.WriteTo("Amount", PdfPen.Right, 8, grey: 110);
        pen.Y += 7;
        pen.Rule();
        pen.Y += 15;
    }

    private static void Party(PdfPen pen, string title, InvoiceParty? party, int x, int y)
    {
        pen.Y = y;
        pen.Write(title, x, 9, grey: 110);
        pen.Y += 14;
        if (party is null) return;
        pen.Write(party.Name, x, 10, strong: true);
        var lines = party.Address.Split('\n').Append(party.Country ?? "").Concat(party.TaxIds.Select(id => $"Tax id {id}")).Append(party.Email ?? "");
        foreach (var line in lines.Where(line => line.Length > 0).SelectMany(line => pen.Wrap(line, 210)))
        {
            pen.Y += 13;
            pen.Write(line, x);
        }
    }
}
