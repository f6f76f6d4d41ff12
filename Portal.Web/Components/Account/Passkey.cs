namespace Portal.Web.Components.Account;

/// <summary>What a passkey button asks of the browser.</summary>
public enum PasskeyOperation
{
    /// <summary>Make one for the signed-in person.</summary>
    Create,

    /// <summary>Sign in with one.</summary>
    Request,
}

/// <summary>What the browser answered.</summary>
public sealed class PasskeyInput
{
    /// <summary>The credential, as JSON.</summary>
    public string? CredentialJson { get; set; }

    /// <summary>Why there is none.</summary>
    public string? Error { get; set; }
}
