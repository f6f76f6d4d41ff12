namespace Portal.Domain.Wallet;

/// <summary>A named holder of grants.</summary>
/// <param name="Id">Number within the tenant; 1 is the shared pool.</param>
/// <param name="Key">Its key in the API and in account names.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Kind"><c>shared</c>, <c>team</c> or <c>member</c>.</param>
/// <param name="OverflowsToShared">What its grants cannot serve draws from the shared pool.</param>
/// <param name="Closed">Nothing new may name it.</param>
public sealed record Pool(int Id, string Key, string Name, string Kind, bool OverflowsToShared, bool Closed)
{
    /// <summary>Number and key of every tenant's shared pool.</summary>
    public const int SharedId = 1;

    /// <summary>Key of every tenant's shared pool.</summary>
    public const string SharedKey = "shared";
}
