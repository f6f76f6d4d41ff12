using Portal.Domain.Wallet;

namespace Portal.Domain.Payments;

/// <summary>Credits that were paid as they were bought, at a checkout or by a top-up.</summary>
/// <param name="Id">Of the checkout or the top-up: the invoice gets the same.</param>
/// <param name="Reference">Its public id, under which the purchase was posted.</param>
/// <param name="Pack">Key of the pack.</param>
/// <param name="Description">For people.</param>
/// <param name="Quantity">How many packs.</param>
/// <param name="Net">Price of all without tax, in whole minor units.</param>
/// <param name="Tax">Tax on it.</param>
/// <param name="TaxName">Name of the tax, or why there is none.</param>
/// <param name="TaxPercent">Its rate.</param>
/// <param name="Payment">Public id of the payment.</param>
public sealed record PaidSale(
    Guid Id, string Reference, string Pack, string Description, decimal Quantity, decimal Net, decimal Tax, string TaxName, decimal TaxPercent, string Payment);

/// <summary>Who is told of credits that were bought and paid, in the transaction that grants them: whoever makes their invoices.</summary>
public interface IPaidSales
{
    /// <summary>Makes what belongs to the sale, once it is posted.</summary>
    Task SoldAsync(WalletTransaction wallet, PaidSale sale, CancellationToken cancellationToken);

    /// <summary>Makes what belongs to refunds of a payment whose money has left; again makes nothing more.</summary>
    Task RefundedAsync(WalletTransaction wallet, Guid payment, CancellationToken cancellationToken);
}
