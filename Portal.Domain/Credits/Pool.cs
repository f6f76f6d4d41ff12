using Npgsql;

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
    /// <summary>Reads the pools of tenant <c>$1</c>, closed ones too; <see cref="Read"/> makes one of each row.</summary>
    public const string Select = "select pool_id, key, name, kind, overflow = 'shared', closed_at is not null from pools where tenant_id = $1";

    /// <summary>Number and key of every tenant's shared pool.</summary>
    public const int SharedId = 1;

    /// <summary>Key of every tenant's shared pool.</summary>
    public const string SharedKey = "shared";

    /// <summary>The pool of a row of <see cref="Select"/>.</summary>
    public static Pool Read(NpgsqlDataReader row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return new(row.GetInt32(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetBoolean(4), row.GetBoolean(5));
    }
}
