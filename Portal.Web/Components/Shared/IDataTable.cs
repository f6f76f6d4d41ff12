namespace Portal.Web.Components.Shared;

/// <summary>What the filters and sortable heads inside a <see cref="DataTable{T}"/> ask of it.</summary>
public interface IDataTable
{
    /// <summary>What the list shows.</summary>
    TableQuery Query { get; }

    /// <summary>Shows another query.</summary>
    void Show(TableQuery query);
}
