namespace Portal.Domain.Wallet;

/// <summary>How wallets are settled when something falls due; section <c>Due</c> of the settings.</summary>
public sealed class DueOptions
{
    /// <summary>Wallets that one process settles at once, each on up to two connections. Default 4, 1 to 32.</summary>
    public int WalletsAtOnce { get; set; } = 4;
}
