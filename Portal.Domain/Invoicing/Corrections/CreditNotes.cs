using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Taxes;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing.Corrections;

/// <summary>What is to be taken off a line.</summary>
/// <param name="Line">Number of the invoice's line, from 1.</param>
/// <param name="Amount">Without tax, above 0; what is left of the line at most.</param>
public sealed record CreditedLine(int Line, decimal Amount);

/// <summary>A credit note that somebody asks for: of the whole invoice, of so much money, or of lines.</summary>
/// <param name="Reason">1 to 500 characters, for people.</param>
/// <param name="Amount">Money, tax included, above 0, spread over what is left of all lines; null with lines, or for all that is left.</param>
/// <param name="Lines">Of which lines how much; null with an amount, or for all that is left.</param>
public sealed record CreditNoteOrder(string Reason, decimal? Amount = null, IReadOnlyList<CreditedLine>? Lines = null);

/// <summary>
/// Takes something off a finalised invoice (domain.md §3, §9): what is due falls, and what was paid already becomes the customer's credit. It is a
/// concession on the price, Dr <c>revenue:discount</c>: credits stay where they are and fees are earned as before.
/// </summary>
/// <param name="numbers">Where numbers are reserved, on a connection of its own.</param>
public sealed class CreditNotes(NpgsqlDataSource numbers)
{
    private const string Insert = """
        insert into credit_notes (tenant_id, id, invoice_id, number, issued_at, reason, net, tax, total, lowered, taxes, transaction_id, created_by, refund_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::json, $12, $13, $14)
        """;

    private const string InsertLines =
        "insert into credit_note_lines (tenant_id, credit_note_id, line, net, tax) select $1, $2, * from unnest($3::int[], $4::numeric[], $5::numeric[])";

    /// <summary>
    /// Issues one. Refuses: <c>unknown_invoice</c>, <c>invoice_not_final</c> (a draft), <c>invoice_void</c>, <c>invoice_uncollectible</c>,
    /// <c>invalid_reason</c>, <c>invalid_amount</c>, <c>unknown_line</c>, <c>duplicate_line</c>, <c>nothing_left_to_credit</c>, <c>exceeds_invoice</c>,
    /// <c>refund_instead</c> (of a pack, which is refunded).
    /// </summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="name">Public id or number of the invoice.</param>
    /// <param name="order">What is to be taken off.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<Result<CreditNote>> IssueAsync(WalletTransaction wallet, string name, CreditNoteOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(order);
        var found = await Correction.BeginAsync(wallet, name, order.Reason, cancellationToken);
        if (found.Problem is { } unknown) return unknown;
        var invoice = found.Value;
        if (Refuses(invoice) is { } refused) return refused;
        const string sold = "select 1 from invoices where tenant_id = $1 and id = $2 and sale is not null";
        if ((await wallet.Connection.ListAsync(sold, row => row.GetInt32(0), cancellationToken, wallet.TenantId, invoice.Id)).Count > 0)
            return Problem.Conflict("refund_instead", "The invoice is of credits that were bought and paid at once: refund the purchase.");
        var before = await CreditNote.OfInvoiceAsync(wallet.Connection, wallet.TenantId, invoice.Id, cancellationToken);
        var left = CreditableLine.Of(invoice, before);
        var parts = CreditableLine.Take(left, order, Currency.Of(invoice.Currency));
        if (parts.Problem is { } problem) return problem;

        var (id, number) = await ReserveAsync(wallet, numbers, invoice.Id, before.Count, cancellationToken);
        return await WriteAsync(wallet, invoice, parts.Value, id, number, order.Reason, cancellationToken);
    }

    /// <summary>The id and the number of an invoice's next credit note.</summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="numbers">Where numbers are reserved.</param>
    /// <param name="invoice">The invoice.</param>
    /// <param name="before">How many it has.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal static async Task<(Guid Id, string Number)> ReserveAsync(
        WalletTransaction wallet, NpgsqlDataSource numbers, Guid invoice, int before, CancellationToken cancellationToken)
    {
        var id = IdOf(invoice, before);
        var seller = (await LegalEntity.OfInvoiceAsync(wallet.Connection, wallet.TenantId, invoice, cancellationToken))!;
        return (id, await (seller with { Series = seller.Series + "-CN" }).ReserveAsync(numbers, wallet.TenantId, id, cancellationToken));
    }

    /// <summary>Writes a note that a transaction of the ledger has booked.</summary>
    internal static async Task WriteAsync(WalletTransaction wallet, CreditNote note, Guid posting, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        batch.Add(Insert, wallet.TenantId, note.Id, note.InvoiceId, note.Number, note.IssuedAt, note.Reason, note.Net, note.Tax, note.Total, note.Lowered,
            JsonSerializer.Serialize(note.Taxes, PortalJson.Options), posting, wallet.Actor, note.RefundId);
        batch.Add(InsertLines, wallet.TenantId, note.Id, note.Lines.Select(part => part.Line), note.Lines.Select(part => part.Net), note.Lines.Select(part => part.Tax));
        if (note.Lowered > 0m) InvoiceRows.AddSettled(wallet, batch, note.InvoiceId, paid: 0m, note.Lowered);
        InvoiceRows.AddEvent(wallet, batch, note.InvoiceId, "credited", note.Total, posting, note.PublicId);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    // The first, the second and so on of an invoice: what did not commit leaves its number to the next try.
    private static Guid IdOf(Guid invoice, int before)
    {
        Span<byte> name = stackalloc byte[20];
        invoice.TryWriteBytes(name);
        BinaryPrimitives.WriteInt32BigEndian(name[16..], before);
        return new Guid(SHA256.HashData(name).AsSpan(0, 16));
    }

    private static async Task<CreditNote> WriteAsync(
        WalletTransaction wallet, Invoice invoice, IReadOnlyList<CreditableLine> parts, Guid id, string number, string reason, CancellationToken cancellationToken)
    {
        var (net, tax) = (parts.Sum(part => part.Net), parts.Sum(part => part.Tax));
        var lowered = Math.Min(net + tax, invoice.AmountDue);
        var taxes = parts.Where(part => part.Rate is not null).GroupBy(part => part.Rate!)
            .Select(rate => new InvoiceTax(rate.Key.Name, rate.Key.Percent, rate.Sum(part => part.Net), rate.Sum(part => part.Tax))).ToArray();
        var note = new CreditNote(
            wallet.TenantId, id, invoice.Id, number, wallet.Now, reason, net, tax, net + tax, lowered, taxes,
            [.. parts.Select(part => new CreditNoteLine(part.Line, part.Description, part.Net, part.Tax))]);
        var posting = wallet.Begin("credit_note", key: $"credit_note:{id:N}", reference: note.PublicId, reason: reason);
        posting.Book(Account.RevenueDiscount, Account.Receivable, net, invoice.Currency);
        posting.Book(Account.TaxPayable, Account.Receivable, tax, invoice.Currency);
        posting.Book(Account.Receivable, Account.CustomerCredit, note.Total - lowered, invoice.Currency);
        await WriteAsync(wallet, note, posting.Id, cancellationToken);
        if (lowered == invoice.AmountDue && lowered > 0m) await Standing.RestoreAsync(wallet, cancellationToken);
        return note;
    }

    private static Problem? Refuses(Invoice invoice) => invoice.State switch
    {
        InvoiceState.Draft => Problem.Conflict("invoice_not_final", "The invoice is a draft: nothing has been billed yet."),
        InvoiceState.Void => Problem.Conflict("invoice_void", "The invoice is void: nothing is left to credit."),
        InvoiceState.Uncollectible => Problem.Conflict("invoice_uncollectible", "The invoice was written off."),
        _ => null,
    };
}

/// <summary>What is left of an invoice's line, or what is taken off it.</summary>
/// <param name="Line">Its number.</param>
/// <param name="Description">For people.</param>
/// <param name="Net">Without tax.</param>
/// <param name="Tax">Tax on it.</param>
/// <param name="Rate">The rate; null of one that bears none.</param>
internal sealed record CreditableLine(int Line, string Description, decimal Net, decimal Tax, TaxRate? Rate)
{
    /// <summary>What is left of each line after credit notes.</summary>
    public static IReadOnlyList<CreditableLine> Of(Invoice invoice, IReadOnlyList<CreditNote> notes) =>
    [
        .. invoice.Lines.Index().Select(row =>
        {
            var taken = notes.SelectMany(note => note.Lines).Where(line => line.Line == row.Index + 1).ToArray();
            var rate = invoice.Taxes.FirstOrDefault(tax => tax.Percent == row.Item.TaxPercent);
            return new CreditableLine(
                row.Index + 1, row.Item.Description, row.Item.Amount - row.Item.Discount - taken.Sum(line => line.Net), row.Item.Tax - taken.Sum(line => line.Tax),
                rate is null ? null : new TaxRate(rate.Name, rate.Percent));
        }),
    ];

    /// <summary>The parts that an order takes, the sums rounded once and spread by largest remainder.</summary>
    public static Result<IReadOnlyList<CreditableLine>> Take(IReadOnlyList<CreditableLine> left, CreditNoteOrder order, Currency currency)
    {
        var total = left.Sum(line => line.Net + line.Tax);
        if (total <= 0m) return Problem.Conflict("nothing_left_to_credit", "All of the invoice has been credited.");
        if (order is { Lines: not null, Amount: not null }) return Problem.Field("amount", "invalid_amount", "Give an amount or lines, not both.");
        if (order.Lines is { } lines) return TakeLines(left, lines, total, currency);
        if (order.Amount is not { } amount) return Result.Of<IReadOnlyList<CreditableLine>>([.. left.Where(line => line.Net != 0m || line.Tax != 0m)]);
        if (amount <= 0m || currency.RoundToMinor(amount) != amount) return Problem.Field("amount", "invalid_amount", $"The amount is above 0, in whole minor units of {currency}.");
        if (amount > total) return Problem.Field("amount", "exceeds_invoice", $"No more than {total} {currency} are left of the invoice.");
        decimal[] taxes = [.. left.Select(line => line.Tax * amount / total)], nets = [.. left.Select(line => line.Net * amount / total)];
        var tax = currency.RoundToMinor(taxes.Sum());
        return Spread(left, nets, amount - tax, taxes, tax, currency);
    }

    private static Result<IReadOnlyList<CreditableLine>> TakeLines(IReadOnlyList<CreditableLine> left, IReadOnlyList<CreditedLine> wanted, decimal total, Currency currency)
    {
        if (wanted.Count == 0) return Problem.Field("lines", "invalid_amount", "Name at least one line.");
        if (wanted.Select(line => line.Line).Distinct().Count() != wanted.Count) return Problem.Field("lines", "duplicate_line", "Name a line once.");
        foreach (var (index, line) in wanted.Index())
        {
            if (line.Line < 1 || line.Line > left.Count) return Problem.Field($"lines[{index}].line", "unknown_line", $"The invoice has {left.Count} lines.");
            if (line.Amount <= 0m || currency.RoundToMinor(line.Amount) != line.Amount)
                return Problem.Field($"lines[{index}].amount", "invalid_amount", $"The amount is above 0, in whole minor units of {currency}.");
            if (line.Amount > left[line.Line - 1].Net) return Problem.Field($"lines[{index}].amount", "exceeds_invoice", $"No more than {left[line.Line - 1].Net} {currency} are left of line {line.Line}.");
        }

        CreditableLine[] of = [.. wanted.Select(line => left[line.Line - 1])];
        decimal[] nets = [.. wanted.Select(line => line.Amount)], taxes = [.. of.Zip(nets, (line, net) => line.Tax * net / line.Net)];
        var spread = Spread(of, nets, nets.Sum(), taxes, currency.RoundToMinor(taxes.Sum()), currency);
        return spread.Value.Sum(line => line.Net + line.Tax) <= total
            ? spread
            : Problem.Field("lines", "exceeds_invoice", $"No more than {total} {currency} are left of the invoice.");
    }

    private static Result<IReadOnlyList<CreditableLine>> Spread(
        IReadOnlyList<CreditableLine> lines, decimal[] nets, decimal net, decimal[] taxes, decimal tax, Currency currency)
    {
        LargestRemainder.Spread(nets, net, currency.MinorPlaces);
        LargestRemainder.Spread(taxes, tax, currency.MinorPlaces);
        return Result.Of<IReadOnlyList<CreditableLine>>(
            [.. lines.Index().Select(row => row.Item with { Net = nets[row.Index], Tax = taxes[row.Index] }).Where(line => line.Net != 0m || line.Tax != 0m)]);
    }
}
