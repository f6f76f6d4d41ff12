using Microsoft.AspNetCore.Identity;

namespace Portal.Domain.Tenants;

/// <summary>A person who signs in. One user may be a member of several tenants, and may be an operator of the platform.</summary>
public sealed class PortalUser : IdentityUser<Guid>
{
    /// <summary>A user with a fresh time-ordered id.</summary>
    public PortalUser()
    {
        Id = Guid.CreateVersion7();
        SecurityStamp = Guid.NewGuid().ToString();
    }

    /// <summary>What other people see; null until the person says. At most 200 characters.</summary>
    [PersonalData]
    public string? DisplayName { get; set; }

    /// <summary>BCP 47 tag (<c>en-GB</c>) for numbers and dates; null follows the browser.</summary>
    [PersonalData]
    public string? Locale { get; set; }

    /// <summary>One of <see cref="OperatorRoles"/>, or null for a person who does not operate the platform.</summary>
    public string? OperatorRole { get; set; }

    /// <summary>When the account was made (UTC).</summary>
    public DateTimeOffset CreatedAt { get; set; } = TimeProvider.System.GetUtcNow();

    /// <summary>The display name, else the mail address, else the id: never empty.</summary>
    public string Label => string.IsNullOrWhiteSpace(DisplayName) ? Email ?? UserName ?? Id.ToString() : DisplayName;
}

/// <summary>The values of <see cref="PortalUser.OperatorRole"/>, from the least to the most allowed.</summary>
public static class OperatorRoles
{
    /// <summary>Reads everything, may view as a tenant.</summary>
    public const string Support = "support";

    /// <summary>Also refunds, credit notes, write-offs and the month's close.</summary>
    public const string Finance = "finance";

    /// <summary>Everything.</summary>
    public const string Operator = "operator";
}
