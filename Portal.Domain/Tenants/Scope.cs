namespace Portal.Domain.Tenants;

/// <summary>What an API key may do (api.md, Keys). No scope includes another.</summary>
public static class Scope
{
    /// <summary>Report usage.</summary>
    public const string UsageWrite = "usage:write";

    /// <summary>Reserve, capture and release credits.</summary>
    public const string HoldsWrite = "holds:write";

    /// <summary>Read everything that the key's tenant may see.</summary>
    public const string Read = "read";

    /// <summary>Pools, teams, consumers, members, keys, allowances, alerts, own webhooks.</summary>
    public const string Manage = "manage";

    /// <summary>What only the platform may do; only platform keys hold it.</summary>
    public const string Admin = "admin";

    /// <summary>Every scope.</summary>
    public static readonly IReadOnlyList<string> All = [UsageWrite, HoldsWrite, Read, Manage, Admin];
}
