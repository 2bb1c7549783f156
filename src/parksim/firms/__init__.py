"""The life of firms, one idea a module: floor, cash, neighbours, the ladder, birth."""
