using Portal.Domain.Data;
using Portal.Jobs;

namespace Portal.Web.Hosting;

/// <summary>The database, there before the host is built and gone after it.</summary>
public static class DatabaseHosting
{
    /// <summary>
    /// Opens and migrates the database of the settings, starting the embedded server where none is named. Null when the portal
    /// cannot start; the reason has been printed.
    /// </summary>
    public static async Task<ConfiguredDatabase?> AddDatabaseAsync(this IHostApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        try
        {
            ProductionGuard.Check(builder.Configuration, builder.Environment);
            return await ConfiguredDatabase.AddAsync(builder);
        }
        catch (CannotStartException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return null;
        }
        catch (OperationCanceledException)
        {
            return null; // Ctrl-C
        }
    }

    /// <summary>The verb <c>migrate</c>: brings the schema up to date and ends. The exit code.</summary>
    public static async Task<int> MigrateAsync(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(args);
        builder.AddPortalSettings();
        if (builder.Configuration.GetConnectionString("PortalOwner") is { Length: > 0 } owner)
        {
            await PortalDatabase.MigrateAsync(owner);
            await JobTables.MigrateAsync(owner);
        }
        else
        {
            await using var database = await builder.AddDatabaseAsync();
            if (database is null) return 1;
            if (database.OwnerConnectionString is null)
            {
                await Console.Error.WriteLineAsync("Set ConnectionStrings__PortalOwner to the role that owns the database.");
                return 1;
            }

            await JobTables.MigrateAsync(database.OwnerConnectionString);
        }

        Console.WriteLine("The database is up to date.");
        return 0;
    }
}
