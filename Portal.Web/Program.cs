using Portal.Domain;
using Portal.Web.Api;
using Portal.Web.Hosting;

if (args is ["migrate", .. var rest]) return await DatabaseHosting.MigrateAsync(rest);

var builder = WebApplication.CreateBuilder(args);
await using var database = await builder.AddDatabaseAsync();
if (database is null) return 1;
builder.Services.AddPortalDomain().AddPortalBackground();
builder.AddPortalPayments();
builder.AddPortalApi();
builder.AddPortalUi();

var app = builder.Build();
app.UsePortalPayments();
app.MapPortalApi();
app.MapPortalUi();
await app.RunAsync();
return 0;

// Named so that tests can start the host. Without an XML comment: the generator of the OpenAPI document would list it twice and fail.
public partial class Program;
