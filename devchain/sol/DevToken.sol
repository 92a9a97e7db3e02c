// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// Stands at the address of a well-known token, with that token's name, symbol and decimals.
contract DevToken is ERC20 {
    uint8 private immutable places;
    address private immutable minter;

    constructor(string memory name, string memory symbol, uint8 decimals_, address minter_) ERC20(name, symbol) {
        places = decimals_;
        minter = minter_;
    }

    function decimals() public view override returns (uint8) {
        return places;
    }

    function mint(address to, uint256 amount) external {
        require(msg.sender == minter, "not the minter");
        _mint(to, amount);
    }
}
